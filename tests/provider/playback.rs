//! Addresses: how long they live, what is kept, what is asked for.

use chrono::TimeDelta;
use serde_json::json;
use yourbit_video::{
    domain::{NeededIds, Policy},
    provider::{CallError, Capability, PlaybackRequest, Provider, TemplateInput},
};

use crate::{
    fake::Fake,
    support::{MINIMAL, ask, load, mux_vars, now, ready, shipped, sizes, vars},
};

fn keyed(map: &str) -> Provider {
    load(map, &vars([("KEY", "k"), ("WEBHOOK", "w")])).unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn nobody_gets_less_life_than_asked_for_and_neighbours_share_a_signature() {
    let provider = shipped("mux", &mux_vars("https://api.example"));
    let row = ready(Policy::Signed);
    let at = |shift: i64, expires_in_s: u64, max_ttl_s: u64| PlaybackRequest {
        now: now() + TimeDelta::seconds(shift),
        expires_in_s,
        max_ttl_s,
        time_s: None,
        sizes: &[],
        params: &[],
        caller: "",
        files: None,
        tracks: &[],
    };
    for expires_in_s in [30, 31, 3600, 86_400] {
        let answer = provider
            .playback(&row, &at(1, expires_in_s, 604_800))
            .await
            .unwrap();
        let left = (answer.expires_at.unwrap() - now()).num_seconds() - 1;
        let asked = i64::try_from(expires_in_s).unwrap();
        assert!(
            left >= asked && left <= asked + (asked / 16).max(1),
            "{left} for {asked}"
        );
    }
    let first = provider.playback(&row, &at(1, 3600, 604_800)).await.unwrap();
    let second = provider.playback(&row, &at(2, 3600, 604_800)).await.unwrap();
    assert_eq!(first, second);
    let most = provider.playback(&row, &at(1, 3600, 3600)).await.unwrap();
    assert_eq!(
        (most.expires_at.unwrap() - now()).num_seconds(),
        3601,
        "never beyond the maximum"
    );
    let other = TemplateInput {
        playback_id: Some("pb2".to_owned()),
        ..row
    };
    let third = provider.playback(&other, &at(1, 3600, 604_800)).await.unwrap();
    assert_ne!(first.tokens["playback"], third.tokens["playback"]);
}

#[tokio::test]
async fn an_id_that_is_not_known_makes_no_address() {
    let provider = shipped("mux", &mux_vars("https://api.example"));
    for policy in [Policy::Public, Policy::Signed] {
        let row = TemplateInput {
            playback_id: None,
            ..ready(policy)
        };
        assert!(provider.public_hls_url(&row).is_none());
        let error = provider.playback(&row, &ask(&[])).await.unwrap_err();
        assert!(matches!(error, CallError::Invalid(field) if field.field == "playback_id"));
        let needs = NeededIds {
            playback_id: true,
            ..NeededIds::default()
        };
        assert_eq!(provider.required_ids(policy), needs);
    }
    let row = TemplateInput {
        playback_id: Some("../x?y#z".to_owned()),
        ..ready(Policy::Public)
    };
    assert_eq!(
        provider.public_hls_url(&row).unwrap(),
        "https://stream.mux.com/..%2Fx%3Fy%23z.m3u8"
    );
}

#[tokio::test]
async fn a_map_that_signs_nothing_plays_no_signed_video() {
    let provider = keyed(MINIMAL);
    assert!(
        provider.can_play(Policy::Public) && !provider.can_play(Policy::Signed) && !provider.has_signing()
    );
    let error = provider
        .playback(&ready(Policy::Signed), &ask(&[]))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Invalid(field) if field.field == "playback_policy"));
    assert!(!provider.supports(Capability::Thumbnails) && !provider.supports(Capability::AssetGet));
    assert!(
        provider
            .thumbnails(&ready(Policy::Public), &ask(&sizes()))
            .await
            .unwrap()
            .thumbnails
            .is_empty()
    );
}

fn resolving(fake: &Fake, cache: &str) -> Provider {
    let resolve = format!(
        "[playback.resolve]\n{cache}\n[[playback.resolve.steps]]\nmethod = \"GET\"\nurl = \"{}/v/{{asset_id}}\"\n\
         take = {{ manifest = \"/hls\", picture = {{ at = \"/pic\", optional = true }} }}\n[playback.urls]\n",
        fake.base
    );
    keyed(
        &(MINIMAL.replace("[playback.urls]\n", &resolve).replace(
            "hls = \"https://cdn.example/{playback_id}.m3u8\"",
            "hls = \"{manifest}\"\nembed = \"https://e.example/{asset_id}\"",
        ) + "[thumbnail]\nurl = \"https://i.example/{picture|default:none}.jpg\"\nparams = { width = \"w\" }\n"),
    )
}

#[tokio::test]
async fn what_is_resolved_is_kept_for_as_long_as_the_map_says() {
    let fake = Fake::start().await;
    let provider = resolving(&fake, "cache_s = 300");
    fake.says_json(200, &json!({"hls": "https://a.example/1"}))
        .says_json(200, &json!({"hls": "https://a.example/2", "pic": "p"}));
    let sizes = sizes();
    let row = ready(Policy::Public);
    assert!(provider.public_hls_url(&row).is_none(), "it takes a call");
    let ask = ask(&sizes);
    let answer = provider.playback(&row, &ask).await.unwrap();
    assert_eq!(
        (answer.urls["hls"].as_str(), answer.urls["embed"].as_str()),
        ("https://a.example/1", "https://e.example/as1")
    );
    assert_eq!(answer.thumbnails["small"], "https://i.example/none.jpg?w=107");
    let later = PlaybackRequest {
        now: now() + TimeDelta::seconds(299),
        ..ask
    };
    assert_eq!(
        provider.playback(&row, &later).await.unwrap().urls["hls"],
        "https://a.example/1"
    );
    let stale = PlaybackRequest {
        now: now() + TimeDelta::seconds(300),
        ..ask
    };
    let answer = provider.playback(&row, &stale).await.unwrap();
    assert_eq!(
        (answer.urls["hls"].as_str(), fake.asked().len()),
        ("https://a.example/2", 2)
    );
    assert_eq!(answer.thumbnails["small"], "https://i.example/p.jpg?w=107");
}

#[tokio::test]
async fn a_fetched_token_is_shared_while_it_lives_long_enough() {
    let fake = Fake::start().await;
    let sign = format!(
        "[playback.sign]\nkind = \"fetch\"\nttl_s = 3600\n[[playback.sign.steps]]\nmethod = \"POST\"\n\
         url = \"{}/t/{{asset_id}}\"\ntake = {{ key = \"/token\" }}\n[playback.urls]\n",
        fake.base
    );
    let signed = "hls = { signed = \"https://cdn.example/{key}/{asset_id}\" }";
    let provider = keyed(
        &MINIMAL
            .replace("[playback.urls]\n", &sign)
            .replace("hls = \"https://cdn.example/{playback_id}.m3u8\"", signed),
    );
    fake.says_json(200, &json!({"token": "t/1"}))
        .says_json(200, &json!({"token": "t2"}));
    let row = ready(Policy::Signed);
    let ask = PlaybackRequest {
        expires_in_s: 1800,
        ..ask(&[])
    };
    let answer = provider.playback(&row, &ask).await.unwrap();
    assert_eq!(answer.urls["hls"], "https://cdn.example/t%2F1/as1");
    assert_eq!((answer.expires_at.unwrap() - now()).num_seconds(), 3600);
    let soon = PlaybackRequest {
        now: now() + TimeDelta::seconds(600),
        ..ask
    };
    assert_eq!(provider.playback(&row, &soon).await.unwrap(), answer);
    let late = PlaybackRequest {
        now: now() + TimeDelta::seconds(1900),
        ..ask
    };
    assert_eq!(
        provider.playback(&row, &late).await.unwrap().urls["hls"],
        "https://cdn.example/t2/as1"
    );
    assert!(!provider.can_play(Policy::Public) && provider.public_hls_url(&row).is_none());
}

#[tokio::test]
async fn further_signatures_have_names_of_their_own() {
    let compute = "[playback.compute.sig2]\nalgorithm = \"hmac-sha1\"\nkey = \"{secrets.key}\"\nmessage = \"{expires}{asset_id}\"\n[playback.urls]\n";
    let signed = "hls = { signed = \"https://cdn.example/{asset_id}?e={expires}&s={sig2}\" }";
    let provider = keyed(
        &MINIMAL
            .replace("[playback.urls]\n", compute)
            .replace("hls = \"https://cdn.example/{playback_id}.m3u8\"", signed),
    );
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&[]))
        .await
        .unwrap();
    let exp = answer.expires_at.unwrap().timestamp();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"k");
    let signature = hex::encode(aws_lc_rs::hmac::sign(&key, format!("{exp}as1").as_bytes()));
    assert_eq!(
        answer.urls["hls"],
        format!("https://cdn.example/as1?e={exp}&s={signature}")
    );
    assert!(provider.required_ids(Policy::Signed).asset_id);
}

#[test]
fn a_provider_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let provider = keyed(MINIMAL);
    shared(&provider);
    assert_eq!((provider.name(), provider.digest().len()), ("test", 16));
    assert_eq!((provider.upload_ttl_s(1), provider.upload_step_count()), (1, 1));
}
