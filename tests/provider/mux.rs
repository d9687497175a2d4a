//! The Mux map.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use yourbit_video::domain::Policy;

use crate::support::{ask, mux_vars, ready, shipped, sizes};

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_signed_video_plays_with_one_token_for_each_kind_of_address() {
    let provider = shipped("mux", &mux_vars("https://api.mux.com"));
    let sizes = sizes();
    let answer = provider
        .playback(&ready(Policy::Signed), &ask(&sizes))
        .await
        .unwrap();
    let token = &answer.tokens["playback"];
    assert_eq!(
        answer.urls["hls"],
        format!("https://stream.mux.com/pb1.m3u8?token={token}")
    );
    let exp = answer.expires_at.unwrap().timestamp();
    assert_eq!(
        claims(token),
        json!({"sub": "pb1", "kid": "kid-1", "aud": "v", "exp": exp})
    );
    let thumbnail = &answer.tokens["thumbnail"];
    assert_eq!(
        answer.thumbnails["large"],
        format!("https://image.mux.com/pb1/thumbnail.jpg?token={thumbnail}")
    );
    let wanted = json!({"sub": "pb1", "kid": "kid-1", "aud": "t", "exp": exp, "time": 12, "width": 640});
    assert_eq!(claims(thumbnail), wanted);
}

#[tokio::test]
async fn a_public_video_has_no_token_anywhere() {
    let provider = shipped("mux", &mux_vars("https://api.mux.com"));
    let sizes = sizes();
    let answer = provider
        .playback(&ready(Policy::Public), &ask(&sizes))
        .await
        .unwrap();
    assert_eq!(answer.urls["hls"], "https://stream.mux.com/pb1.m3u8");
    assert_eq!(
        answer.thumbnails["small"],
        "https://image.mux.com/pb1/thumbnail.jpg?time=12&width=107"
    );
    assert!(answer.tokens.is_empty() && answer.expires_at.is_none());
}
