//! Videos: one, in pages, and nobody else's.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Db, TestApp, answer};

on_both! {
    async fn a_page_follows_the_other_newest_first(db: Db) {
        let app = TestApp::start(db).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(app.upload().await["id"].clone());
            app.clock.advance(chrono::Duration::milliseconds(5));
        }
        made.reverse();
        let first = app.get(&app.alice(), "/v1/videos?limit=2").await;
        let page = first.expect(200);
        let ids = |page: &Value| page["data"].as_array().unwrap().iter().map(|v| v["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&page), made[..2]);
        let link = first.headers["link"].to_str().unwrap();
        let next = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).unwrap();
        let page = app.get(&app.alice(), next).await.expect(200);
        assert_eq!(ids(&page), made[2..4]);
        let cursor = page["next_cursor"].as_str().unwrap();
        let last = app.get(&app.alice(), &format!("/v1/videos?limit=2&cursor={cursor}")).await;
        assert_eq!(ids(&last.expect(200)), made[4..]);
        assert_eq!(last.json()["next_cursor"], Value::Null);
        assert!(!last.headers.contains_key("link"));
    }
}

on_both! {
    async fn a_list_is_filtered_and_bad_queries_are_refused(db: Db) {
        let app = TestApp::start(db).await;
        let ready = app.ready_video("signed").await;
        app.post(&app.alice(), "/v1/uploads", &json!({"external_id": "e"})).await.expect(201);
        let count = async |query: &str| {
            let page = app.get(&app.alice(), &format!("/v1/videos?{query}")).await.expect(200);
            page["data"].as_array().unwrap().len()
        };
        assert_eq!(count("").await, 2);
        assert_eq!(count("status=ready").await, 1);
        assert_eq!(count("external_id=e").await, 1);
        assert_eq!(count("provider=mux").await, 2);
        assert_eq!(count("provider=other").await, 0);
        assert_eq!(ready["status"], "ready");
        for query in ["limit=0", "limit=101", "limit=x", "status=odd", "colour=red", "external_id=%00"] {
            app.get(&app.alice(), &format!("/v1/videos?{query}")).await.expect_problem(400, "invalid_request");
        }
        app.get(&app.alice(), "/v1/videos?cursor=nonsense").await.expect_problem(400, "invalid_cursor");
    }
}

on_both! {
    async fn somebody_elses_video_does_not_exist(db: Db) {
        let app = TestApp::start(db).await;
        let id = app.ready_video("signed").await["id"].as_str().unwrap().to_owned();
        let bob = app.token("bob", "");
        for path in ["", "/playback", "/thumbnails"] {
            app.get(&bob, &format!("/v1/videos/{id}{path}")).await.expect_problem(404, "not_found");
        }
        assert_eq!(app.get(&bob, "/v1/videos").await.expect(200)["data"], json!([]));
        app.get(&bob, "/v1/videos?owner=alice").await.expect_problem(403, "forbidden");
        let admin = app.token("root", "video:admin");
        let all = app.get(&admin, "/v1/videos?owner=alice").await.expect(200);
        assert_eq!(all["data"].as_array().unwrap().len(), 1);
        app.get(&admin, &format!("/v1/videos/{id}")).await.expect(200);
    }
}

on_both! {
    async fn malformed_ids_and_unknown_addresses_are_not_found(db: Db) {
        let app = TestApp::start(db).await;
        for path in ["/v1/videos/1", "/v1/videos/%00", "/v1/videos/0199aaaa00007000800000000000000", "/v1/nothing", "/x"] {
            app.get(&app.alice(), path).await.expect_problem(404, "not_found");
        }
        let missing = "/v1/videos/0199aaaa-0000-7000-8000-000000000000";
        app.get(&app.alice(), missing).await.expect_problem(404, "not_found");
        app.send(Method::PUT, "/v1/videos", Some(&app.alice()), None).await.expect_problem(405, "method_not_allowed");
    }
}

on_both! {
    async fn an_unchanged_video_is_not_sent_twice(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let url = format!("{}/v1/videos/{}", app.url, video["id"].as_str().unwrap());
        let first = answer(app.client.get(&url).bearer_auth(app.alice())).await;
        assert_eq!(first.headers["cache-control"], "private, no-cache");
        let etag = first.headers["etag"].clone();
        let again = app.client.get(&url).bearer_auth(app.alice()).header("if-none-match", etag);
        let again = answer(again).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    }
}
