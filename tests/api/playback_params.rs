//! Parameters of the caller for the provider: what the map lists, in the claims that are signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{Db, TestApp};

/// A service whose map of Mux takes two parameters.
async fn start(db: Db) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::TempDir::new().unwrap();
    let map = include_str!("../../config/providers/mux.toml");
    let params =
        "[playback.params]\nstart = \"asset_start_time\"\nredundant = \"redundant_streams\"\n[playback.urls]";
    std::fs::write(
        folder.path().join("mux.toml"),
        map.replacen("[playback.urls]", params, 1),
    )
    .unwrap();
    let dir = folder.path().to_str().unwrap().to_owned();
    let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", &dir)]).await;
    (app, folder)
}

fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

on_both! {
    async fn a_parameter_that_the_map_lists_is_signed(db: Db) {
        let (app, _folder) = start(db).await;
        let id = app.ready_video("signed").await["id"].clone();
        let path = format!("/v1/videos/{}/playback", id.as_str().unwrap());
        let get = async |query: &str| app.get(&app.alice(), &format!("{path}{query}")).await;
        let plain = get("").await.expect(200);
        assert_eq!(claims(&plain["tokens"]["playback"]).get("asset_start_time"), None);
        let with = get("?params[start]=10&params%5Bredundant%5D=true&expires_in=3600").await.expect(200);
        let signed = claims(&with["tokens"]["playback"]);
        assert_eq!((&signed["asset_start_time"], &signed["redundant_streams"]), (&json!(10), &json!(true)));
        assert!(with["urls"]["hls"].as_str().unwrap().contains(with["tokens"]["playback"].as_str().unwrap()));
        // A picture's token does not have them.
        assert_eq!(claims(&with["tokens"]["thumbnail"]).get("asset_start_time"), None);
        // The values are part of the cache's key.
        let other = get("?params[start]=11&params[redundant]=true&expires_in=3600").await.expect(200);
        assert_eq!(claims(&other["tokens"]["playback"])["asset_start_time"], 11);
        let text = get("?params[start]=ten&expires_in=3600").await.expect(200);
        assert_eq!(claims(&text["tokens"]["playback"])["asset_start_time"], "ten");
        let body = json!({"ids": [id], "params": {"redundant": true, "start": 10}, "expires_in": 3600});
        let page = app.post(&app.alice(), "/v1/playback", &body).await.expect(200);
        assert_eq!(page["data"][0]["tokens"], with["tokens"], "one set of parameters is one signature");
    }
}

on_both! {
    async fn a_parameter_that_the_map_does_not_list_is_refused_by_name(db: Db) {
        let (app, _folder) = start(db).await;
        let id = app.ready_video("signed").await["id"].clone();
        let path = format!("/v1/videos/{}/playback", id.as_str().unwrap());
        let long = "x".repeat(257);
        for (query, says) in [
            ("?params[sub]=someone-else", "\"sub\" is not taken; allowed: start, redundant"),
            ("?params[asset_start_time]=1", "is not taken"),
            ("?params[start]=1&params[start]=2", "twice"),
            (&format!("?params[start]={long}"), "longer than 256 characters"),
            ("?params[start]=a%0Ab", "control character"),
            ("?parms[start]=1", "unknown field"),
            ("?params=1", "unknown field"),
        ] {
            let problem = app.get(&app.alice(), &format!("{path}{query}")).await.expect_problem(400, "invalid_request");
            assert!(problem["detail"].as_str().unwrap().contains(says), "{query}: {problem}");
        }
        for params in [json!({"sub": "x"}), json!({"start": [1]}), json!({"start": null}), json!({"start": {"a": 1}})] {
            let body = json!({"ids": [id], "params": params});
            app.post(&app.alice(), "/v1/playback", &body).await.expect_problem(400, "invalid_request");
        }
    }
}

on_both! {
    async fn a_public_address_has_the_parameters_in_its_query(db: Db) {
        let (app, _folder) = start(db).await;
        let id = app.ready_video("public").await["id"].clone();
        let path = format!("/v1/videos/{}/playback?params[start]=1%262", id.as_str().unwrap());
        let playback = app.get(&app.alice(), &path).await.expect(200);
        let hls = playback["urls"]["hls"].as_str().unwrap();
        assert!(hls.ends_with("?asset_start_time=1%262"), "{hls}");
    }
}
