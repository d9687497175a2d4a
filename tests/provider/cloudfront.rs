//! The map of `CloudFront` against what the package `@aws-sdk/cloudfront-signer` (3) makes, with the key of RFC 9500.

use yourbit_video::{
    domain::Policy,
    provider::{Provider, TemplateInput},
};

use crate::support::{RFC_9500_PEM, Vars, ask, example, load, now, ready, sizes, vars};

fn cloudfront_vars(private_key: &str) -> Vars {
    vars([
        ("VIDEO_BUNNY_LIBRARY", "133"),
        ("VIDEO_BUNNY_KEY", "bunny-key"),
        ("VIDEO_BUNNY_READ_ONLY_KEY", "read-only-key"),
        (
            "VIDEO_CLOUDFRONT_DELIVERY",
            "https://d111111abcdef8.cloudfront.net",
        ),
        ("VIDEO_CLOUDFRONT_KEY_PAIR_ID", "K2JCJMDEHXQW5F"),
        ("VIDEO_CLOUDFRONT_PRIVATE_KEY", private_key),
    ])
}

fn cloudfront(map: &str) -> Provider {
    load(map, &cloudfront_vars(RFC_9500_PEM)).unwrap()
}

/// The policy that ends at 1800003600, in `CloudFront`'s base64.
const POLICY: &str = "eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9kMTExMTExYWJjZGVmOC5jbG91ZGZyb250Lm5ldC9hczEvKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTgwMDAwMzYwMH19fV19";
const BY_SHA1: &str = "IMuC26JG-IneeZqIyrZUROIseJE~Q98-Z5US7pbdCpUk2hbnXYMfAhIF09HXNV4NGTPSBxTJQSDjTGOGKS0YjyVDtCA~dNxzoqH7SFLds7fSspKyW1LhsBF2rCKuEK9nHTPRJoNyvs8FQAEfhWjf7ePkMOPe1rQ0W8ZOd7huKY6x4W59TIYxA-yC5ILjEpNoyasmUqLezs39BCKJMn40Uf8pO7CwowEaEa2oyhU1I9gcpChv6PlFq2MJTc5ik2pv4vAH9iOfZzLoJcJQ~~0USJMyECl9ubcvaMeVVgZfs88NAZkmESsFMuiiu31RsCige~NjKQST3OQPnIkZJqwwlA__";
const BY_SHA256: &str = "ppZPcyc2TWdM2R6W3Z2tbjw62FtAjcxMbQRgU~XFMh67eCEhdO~RVL0jgG5s7blL1YsjETYrMNvazFJf2zw2DZd78XfBc2taya8TuGpDoCotq7OY41aO~SqcpauOfRPNakbzrpBQmyU-z1tlKrleEfRVWOyRA9LPjM6gEAvxLVIKKawG8z9M-ZhAgrVcALTHC0T17ssLzbOzIp323R5Yq~ot3z2uh1TGKmV3DuViwY8T3ftcTVPMPjKs5GqBGX9C3FhDORfHcn5xyzbjOAkHGndymJg~rC6H~FIYj6vwaRHbACpIFHtRMFqrfnLV5nq3XUdbfGAa~ESR1vXRqAjBOg__";

/// The signed address of this file of the video.
fn address(file: &str, signature: &str) -> String {
    format!(
        "https://d111111abcdef8.cloudfront.net/as1/{file}?Policy={POLICY}&Signature={signature}&Key-Pair-Id=K2JCJMDEHXQW5F"
    )
}

#[tokio::test]
async fn the_policy_is_signed_as_the_package_signs_it() {
    let provider = cloudfront(&example("cloudfront"));
    let sizes = sizes();
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    assert_eq!(answer.urls["hls"], address("playlist.m3u8", BY_SHA1));
    assert_eq!(answer.urls["animated"], address("preview.webp", BY_SHA1));
    assert_eq!(answer.thumbnails["large"], address("thumbnail.jpg", BY_SHA1));
    assert_eq!(answer.expires_at.unwrap().timestamp(), 1_800_003_600);
    let map = example("cloudfront").replace("\"rsa-sha1\"", "\"rsa-sha256\"");
    let answer = cloudfront(&map)
        .playback(&ready(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    assert_eq!(answer.urls["hls"], address("playlist.m3u8", BY_SHA256));
    assert!(
        !provider.can_play(Policy::Public),
        "the distribution serves signed addresses alone"
    );
}

#[tokio::test]
async fn a_signature_that_is_not_cached_waits_for_a_permit_and_is_made_once() {
    let provider = cloudfront(&example("cloudfront"));
    let sizes = sizes();
    let row = ready(Policy::Signed);
    let request = ask(&sizes);
    assert_eq!(
        provider.cached_playback(&row, &request).await.unwrap(),
        None,
        "RSA is not signed on a thread that serves requests"
    );
    assert_eq!(provider.cached_thumbnails(&row, &request).await.unwrap(), None);
    provider.sign_ahead(&row, &request, false).await.unwrap();
    let answer = provider.cached_playback(&row, &request).await.unwrap().unwrap();
    assert_eq!(answer.urls["hls"], address("playlist.m3u8", BY_SHA1));
    assert_eq!(provider.token_counts(), (1, 0), "one for playlist and pictures");
    provider.cached_thumbnails(&row, &request).await.unwrap().unwrap();
    assert_eq!(provider.token_counts(), (1, 1));
    let other = TemplateInput {
        asset_id: Some("as2".to_owned()),
        ..ready(Policy::Signed)
    };
    assert_eq!(provider.cached_playback(&other, &request).await.unwrap(), None);
    let answers = futures::future::join_all((0..20).map(|_| provider.playback(&other, &request))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(provider.token_counts().0, 2, "twenty at once sign it once");
    let later = yourbit_video::provider::PlaybackRequest {
        now: now() + chrono::TimeDelta::hours(1),
        ..request
    };
    assert_eq!(
        provider.cached_playback(&row, &later).await.unwrap(),
        None,
        "another end is another signature"
    );
}

#[test]
fn a_key_that_is_none_stops_the_start() {
    for (key, says) in [
        ("not a key", "is no private key in PEM"),
        (
            "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
            "is a public key",
        ),
    ] {
        let error = load(&example("cloudfront"), &cloudfront_vars(key))
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        let place = "[playback.sign] key: VIDEO_CLOUDFRONT_PRIVATE_KEY";
        assert!(error.contains(place) && error.contains(says), "{error}");
    }
}
