//! Signed playback: exactly the provider's claims, and nothing for those who may not.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::support::{Db, TestApp, keys};

/// The claims, where the signature holds.
fn claims(token: &str, audience: &str) -> Value {
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_exp = false;
    rules.set_audience(&[audience]);
    let key = DecodingKey::from_rsa_pem(keys::public_pem().as_bytes()).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap().claims
}

fn token_of(url: &Value) -> String {
    url.as_str()
        .unwrap()
        .split_once("?token=")
        .unwrap_or_else(|| panic!("{url}"))
        .1
        .to_owned()
}

fn path(video: &Value, rest: &str) -> String {
    format!("/v1/videos/{}/{rest}", video["id"].as_str().unwrap())
}

on_both! {
    async fn every_token_carries_exactly_the_documented_claims(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let answer = app.get(&app.alice(), &path(&video, "playback?expires_in=600&time=5.9")).await;
        assert_eq!(answer.headers["cache-control"], "private, no-store");
        let playback = answer.expect(200);
        let expires = chrono::DateTime::parse_from_rfc3339(playback["expires_at"].as_str().unwrap()).unwrap();
        let exp = expires.timestamp();
        let now = app.clock.now().timestamp();
        assert!((now + 600..=now + 600 + 38).contains(&exp), "{exp} {now}");
        let id = &video["playback_id"];
        for (name, audience) in [("playback", "v"), ("storyboard", "s"), ("animated", "g")] {
            let token = playback["tokens"][name].as_str().unwrap();
            assert_eq!(claims(token, audience), json!({"sub": id, "aud": audience, "exp": exp, "kid": "key-1"}));
            let header = jsonwebtoken::decode_header(token).unwrap();
            assert_eq!((header.alg, header.kid.as_deref()), (Algorithm::RS256, Some("key-1")));
        }
        let hls = playback["urls"]["hls"].as_str().unwrap();
        assert!(hls.starts_with(&format!("https://stream.mux.com/{}.m3u8?token=", id.as_str().unwrap())), "{hls}");
        assert_eq!(token_of(&playback["urls"]["hls"]), playback["tokens"]["playback"].as_str().unwrap());
        for (size, width) in [("small", 107), ("medium", 214), ("large", 640)] {
            let url = &playback["thumbnails"][size];
            let expected = json!({"sub": id, "aud": "t", "exp": exp, "kid": "key-1", "time": 5, "width": width});
            assert_eq!(claims(&token_of(url), "t"), expected);
            assert!(!url.as_str().unwrap().contains("width="), "{url}");
        }
        assert_eq!(token_of(&playback["thumbnails"]["large"]), playback["tokens"]["thumbnail"].as_str().unwrap());
    }
}

on_both! {
    async fn a_public_video_is_not_signed(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("public").await;
        let playback = app.get(&app.alice(), &path(&video, "playback?time=3")).await.expect(200);
        let id = video["playback_id"].as_str().unwrap();
        assert_eq!(playback["urls"]["hls"], format!("https://stream.mux.com/{id}.m3u8"));
        assert_eq!(playback["tokens"], json!({}));
        assert_eq!((&playback["expires_at"], &playback["refresh_after"]), (&Value::Null, &Value::Null));
        let small = playback["thumbnails"]["small"].as_str().unwrap();
        assert!(small.starts_with(&format!("https://image.mux.com/{id}/thumbnail.")), "{small}");
        assert!(small.ends_with("?time=3&width=107"), "{small}");
        let alone = app.get(&app.alice(), &path(&video, "thumbnails")).await.expect(200);
        assert!(alone["thumbnails"]["large"].as_str().unwrap().ends_with("?width=640"), "{alone}");
    }
}

on_both! {
    async fn times_are_clamped_and_bad_numbers_refused(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        for (asked, kept) in [("0", 0), ("23.8", 23), ("24", 23), ("1e300", 23)] {
            let thumbnails = app.get(&app.alice(), &path(&video, &format!("thumbnails?time={asked}"))).await.expect(200);
            assert_eq!(claims(&token_of(&thumbnails["thumbnails"]["small"]), "t")["time"], kept, "{asked}");
        }
        for query in ["time=-1", "time=NaN", "time=inf", "expires_in=29", "expires_in=604801", "expires_in=x", "x=1"] {
            let answer = app.get(&app.alice(), &path(&video, &format!("playback?{query}"))).await;
            answer.expect_problem(400, "invalid_request");
        }
    }
}

on_both! {
    async fn a_video_that_is_not_ready_does_not_play(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        for rest in ["playback", "thumbnails"] {
            let problem = app.get(&app.alice(), &path(&video, rest)).await.expect_problem(409, "video_not_ready");
            assert_eq!(problem["video_status"], "waiting");
        }
    }
}

on_both! {
    async fn the_scope_video_play_plays_and_no_more(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let viewer = app.token("backend", "video:play other");
        app.get(&viewer, &path(&video, "playback")).await.expect(200);
        app.get(&viewer, &path(&video, "thumbnails")).await.expect(200);
        app.get(&viewer, &format!("/v1/videos/{}", video["id"].as_str().unwrap())).await.expect_problem(403, "forbidden");
        let exp = app.clock.now().timestamp() + 60;
        let narrowed = |videos: Value| {
            crate::support::sign(&json!({"sub": "b", "exp": exp, "scope": "video:play", "videos": videos}))
        };
        app.get(&narrowed(json!([video["id"]])), &path(&video, "playback")).await.expect(200);
        app.get(&narrowed(json!([])), &path(&video, "playback")).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_page_answers_in_the_order_asked_each_for_itself(db: Db) {
        let app = TestApp::start(db).await;
        let ready = app.ready_video("signed").await;
        let public = app.ready_video("public").await;
        let waiting = app.upload().await;
        let missing = "0199aaaa-0000-7000-8000-000000000000";
        let ids = json!([waiting["id"], ready["id"], missing, public["id"], ready["id"]]);
        let page = app.post(&app.alice(), "/v1/playback", &json!({"ids": ids, "expires_in": 600})).await.expect(200);
        let data = page["data"].as_array().unwrap();
        let asked: Vec<&Value> = data.iter().map(|entry| &entry["video_id"]).collect();
        assert_eq!(json!(asked), ids);
        assert_eq!(data[0]["problem"]["code"], "video_not_ready");
        assert_eq!(data[2]["problem"]["code"], "not_found");
        let token = data[1]["tokens"]["playback"].as_str().unwrap();
        assert_eq!(claims(token, "v")["sub"], ready["playback_id"]);
        assert_eq!(data[3]["tokens"], json!({}));
        let others = app.post(&app.token("bob", ""), "/v1/playback", &json!({"ids": ids})).await.expect(200);
        assert!(others["data"].as_array().unwrap().iter().all(|entry| entry["problem"]["code"] == "not_found"));
        for bad in [json!({"ids": []}), json!({"ids": vec![missing; 101]}), json!({"ids": ["x"]}), json!({})] {
            app.post(&app.alice(), "/v1/playback", &bad).await.expect_problem(422, "invalid_body");
        }
        let short = json!({"ids": [ready["id"]], "expires_in": 5});
        app.post(&app.alice(), "/v1/playback", &short).await.expect_problem(400, "invalid_request");
    }
}
