//! The provider's words for our values, constants and derived values, and what a claim may say of whose video it is.

use serde_json::json;
use yourbit_video::{
    domain::{ErrorCode, Field, Policy},
    provider::{CallError, Lookup, Priority, Provider, TemplateInput},
};

use crate::{
    fake::Fake,
    support::{
        MINIMAL, ask, bunny_vars, claims, cloudflare_vars, load, mux_vars, now, ready, rsa_pem, shipped,
        signing, upload, vars, video,
    },
};

fn provider(map: &str) -> Provider {
    let vars = vars([("KEY", "k"), ("WEBHOOK", "w"), ("RSA", &rsa_pem())]);
    load(map, &vars).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(map: &str) -> String {
    let vars = vars([("KEY", "k"), ("WEBHOOK", "w"), ("RSA", &rsa_pem())]);
    load(map, &vars)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

/// The minimal map with words, and one step that sends a value by two of their tables.
fn worded(base: &str) -> String {
    let body = "body = { policy = \"{playback_policy}\", locked = \"{playback_policy|as:locked}\" }\ntake = { upload_id";
    let map = MINIMAL
        .replace("https://api.example", base)
        .replace("take = { upload_id", body);
    format!(
        "{map}[values]\nplayback_policy = {{ public = \"open\", signed = \"closed\" }}\nlocked = {{ signed = true, public = false }}\n"
    )
}

#[tokio::test]
async fn a_value_has_another_word_at_another_place() {
    let fake = Fake::start().await;
    let answer = json!({"id": "u", "asset": "a", "play": "p", "url": "https://up.example/"});
    fake.says_json(200, &answer).says_json(200, &answer);
    let provider = provider(&worded(&fake.base));
    upload(&provider, &video(Policy::Signed)).await.unwrap();
    upload(&provider, &video(Policy::Public)).await.unwrap();
    let asked: Vec<_> = fake.asked().iter().map(crate::fake::Asked::json).collect();
    assert_eq!(
        asked,
        [
            json!({"policy": "closed", "locked": true}),
            json!({"policy": "open", "locked": false})
        ]
    );
}

#[tokio::test]
async fn a_value_without_a_word_is_refused_before_any_call() {
    let fake = Fake::start().await;
    let provider = provider(&worded(&fake.base).replace(
        "locked = { signed = true, public = false }",
        "locked = { signed = true }",
    ));
    let Err(CallError::Invalid(error)) = upload(&provider, &video(Policy::Public)).await else {
        panic!("it is refused")
    };
    assert_eq!(error.field, "playback_policy");
    assert!(fake.asked().is_empty());
}

#[test]
fn a_table_that_nothing_names_is_a_slip() {
    let error = refusal(&worded("https://api.example").replace("locked = { signed", "loked = { signed"));
    assert!(
        error.contains("names no table of [values]") || error.contains("[values] loked: is no value of ours"),
        "{error}"
    );
    let error = refusal(&format!("{MINIMAL}[values]\nqualty = {{ basic = 1 }}\n"));
    assert!(error.contains("[values] qualty: is no value of ours"), "{error}");
    let error = refusal(&worded("https://api.example").replace("|as:locked", "|as:closed"));
    assert!(
        error.contains("`as:closed` names no table of [values]") || error.contains("locked: is no value"),
        "{error}"
    );
}

#[tokio::test]
async fn a_code_of_an_error_is_kept_as_it_is_and_shown_as_the_map_says() {
    let fake = Fake::start().await;
    fake.says_json(200, &json!({"state": "done", "why": "bad"}));
    let get = r#"
[asset.get]
method = "GET"
url = "BASE/assets/{asset_id}"
status = { at = "/state", map = { done = "ready" } }
[asset.get.fields]
error_code = { at = "/why", map = { BAD = "corrupt_file", 7 = "too_long" }, ignore_case = true }
"#;
    let provider = provider(&format!("{MINIMAL}{}", get.replace("BASE", &fake.base)));
    let found = provider
        .get_asset(&ready(Policy::Public), Priority::Background, now())
        .await
        .unwrap();
    let Lookup::Found(seen) = found else {
        panic!("it is there")
    };
    assert!(seen.fields.contains(&(Field::ErrorCode, json!("bad"))));
    for (theirs, ours) in [
        ("bad", Some(ErrorCode::CorruptFile)),
        ("7", Some(ErrorCode::TooLong)),
        ("corrupt_file", None),
    ] {
        assert_eq!(provider.error_code(theirs), ours, "{theirs}");
    }
}

#[test]
fn shipped_maps_know_the_codes_that_their_providers_document() {
    let base = "http://127.0.0.1:9";
    let cloudflare = [
        ("ERR_NON_VIDEO", "no_video"),
        ("ERR_MALFORMED_VIDEO", "corrupt_file"),
    ];
    knows_codes(&shipped("cloudflare_stream", &cloudflare_vars(base)), &cloudflare);
    let bunny = [("7", "corrupt_file"), ("5", "too_long")];
    knows_codes(&shipped("bunny_stream", &bunny_vars(base)), &bunny);
    let mux = [("invalid_input", "unsupported_file")];
    knows_codes(&shipped("mux", &mux_vars(base)), &mux);
}

fn knows_codes(provider: &Provider, codes: &[(&str, &str)]) {
    for (theirs, ours) in codes {
        let found = provider.error_code(theirs).map(ErrorCode::as_str);
        assert_eq!(found, Some(*ours), "{} {theirs}", provider.name());
    }
    assert_eq!(provider.error_code("unheard of"), None);
}

#[tokio::test]
async fn a_field_may_be_a_constant_or_derived() {
    let fake = Fake::start().await;
    let get = r#"
[asset.get]
method = "GET"
url = "BASE/assets/{asset_id}"
status = { at = "/state", map = { done = "ready" } }
[asset.get.fields]
playback_policy = { value = "public" }
error_code = { derive = [ { when = { "/why" = ["a", "b"] }, is = "known" }, { when = { "/why" = "c" }, is = 7 } ] }
width = { derive = [ { is = 640 } ] }
"#;
    let provider = provider(&format!("{MINIMAL}{}", get.replace("BASE", &fake.base)));
    for (why, code) in [("b", Some(json!("known"))), ("c", Some(json!("7"))), ("d", None)] {
        fake.says_json(200, &json!({"state": "done", "why": why}));
        let row = ready(Policy::Public);
        let found = provider
            .get_asset(&row, Priority::Background, now())
            .await
            .unwrap();
        let Lookup::Found(seen) = found else {
            panic!("it is there")
        };
        let field = |wanted| {
            seen.fields
                .iter()
                .find(|(field, _)| *field == wanted)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(field(Field::ErrorCode), code);
        assert_eq!(field(Field::PlaybackPolicy), Some(json!("public")));
        assert_eq!(field(Field::Width), Some(json!(640)));
    }
    for (source, says) in [
        (
            "{ value = 1, at = \"/a\" }",
            "exactly one of: at, header, hash_of, value, derive",
        ),
        (
            "{ derive = [] }",
            "[asset.get.fields.width] derive: an empty list",
        ),
        (
            "{ derive = [ { when = { \"a\" = 1 }, is = 1 } ] }",
            "[asset.get.fields.width.derive.1.when] a:",
        ),
    ] {
        let error = refusal(&format!(
            "{MINIMAL}{}",
            get.replace("BASE", "https://api.example")
                .replace("{ derive = [ { is = 640 } ] }", source)
        ));
        assert!(error.contains(says), "{error}");
    }
}

/// The minimal map with a token of these claims.
fn with_claims(more: &str) -> String {
    let sign = format!(
        "[playback.sign]\nkind = \"jwt\"\nalgorithm = \"RS256\"\nkey = \"{{secrets.rsa}}\"\n\
         claims = {{ sub = \"{{playback_id}}\", exp = \"{{expires}}\", {more} }}\ntokens = {{ play = {{}} }}"
    );
    signing(&sign, "https://cdn.example/{playback_id}.m3u8?t={token.play}")
        .replace("[secrets]\n", "[secrets]\nrsa = \"${RSA}\"\n")
}

#[tokio::test]
async fn claims_tell_whose_video_it_is_and_never_the_owner_s_name() {
    let map = with_claims("viewer = \"{owner|hash}\", ours = \"{external_id}\"");
    let provider = provider(&map);
    let row = |owner: &str, external_id: Option<&str>| TemplateInput {
        owner: owner.to_owned(),
        external_id: external_id.map(str::to_owned),
        ..ready(Policy::Signed)
    };
    let token = async |row: TemplateInput| {
        let answer = provider.playback(&row, &ask(&[])).await.unwrap();
        claims(&answer.tokens["play"])
    };
    let alice = token(row("alice", Some("order-7"))).await;
    assert_eq!(alice["ours"], "order-7");
    let hashed = alice["viewer"].as_str().unwrap();
    assert!(hashed.len() == 32 && !hashed.contains("alice"), "{hashed}");
    // Each is part of the cache's key: nobody gets another owner's token, nor one with another id.
    let bob = token(row("bob", Some("order-7"))).await;
    assert_ne!(bob["viewer"], alice["viewer"]);
    let unnamed = token(row("alice", None)).await;
    assert_eq!(
        (unnamed.get("ours"), &unnamed["viewer"]),
        (None, &alice["viewer"])
    );
    for (claim, says) in [
        (
            "viewer = \"{owner}\"",
            "{owner} is a name, and a claim is no secret; allowed: {owner|hash}",
        ),
        ("viewer = \"{owner|b64|hash}\"", "allowed: {owner|hash}"),
        (
            "viewer = \"{title}\"",
            "{title} is not available here; available: vars.*, owner|hash, external_id",
        ),
    ] {
        let error = refusal(&with_claims(claim));
        assert!(
            error.contains("[playback.sign] claims: ") && error.contains(says),
            "{error}"
        );
    }
}

#[test]
fn parameters_that_nothing_could_carry_are_refused_at_start() {
    let params = "[playback.params]\nstart = \"from\"\n[playback.urls]";
    let jwt = with_claims("from = 1").replace("[playback.urls]", params);
    let error = refusal(&jwt);
    assert!(
        error.contains("[playback.params] start: `from` is a claim of the token already"),
        "{error}"
    );
    let digest = signing(
        "[playback.sign]\nkind = \"digest\"\nalgorithm = \"sha256\"\nmessage = \"{secrets.key}{asset_id}{expires}\"",
        "https://cdn.example/{asset_id}.m3u8?s={signature}",
    );
    let error = refusal(&digest.replace("[playback.urls]", params));
    assert!(
        error.contains("[playback.params]") && error.contains("is signed by no token"),
        "{error}"
    );
    assert!(
        load(
            &with_claims("aud = \"v\"").replace("[playback.urls]", params),
            &vars([("KEY", "k"), ("WEBHOOK", "w"), ("RSA", &rsa_pem())])
        )
        .is_ok()
    );
}
