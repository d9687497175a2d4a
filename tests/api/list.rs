//! Lists: searched, filtered, ordered and counted.

use chrono::Duration;
use serde_json::{Value, json};
use yourbit_video::jobs::titles;

use crate::support::{Db, TestApp};

/// Uploads of `alice`, ten seconds apart, each with a title; in the order of their making.
async fn titled(app: &TestApp, titles: &[&str]) -> Vec<Value> {
    let mut made = Vec::new();
    for title in titles {
        let video = app
            .post(&app.alice(), "/v1/uploads", &json!({"title": title}))
            .await
            .expect(201);
        made.push(video["video"].clone());
        app.clock.advance(Duration::seconds(10));
    }
    made
}

/// The titles of a page.
async fn titles_of(app: &TestApp, token: &str, query: &[(&str, &str)]) -> Vec<String> {
    let page = list(app, token, query).await;
    let titles = page["data"].as_array().unwrap().iter();
    titles
        .map(|video| video["title"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn list(app: &TestApp, token: &str, query: &[(&str, &str)]) -> Value {
    app.get(token, &address(query)).await.expect(200)
}

fn address(query: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    format!("/v1/videos?{query}")
}

on_both! {
    async fn a_title_is_found_by_any_part_of_it_whatever_its_case(db: Db) {
        let app = TestApp::start(db).await;
        titled(&app, &["Summer in Straßburg", "100% WINTER_tale", "Cafe\u{301} ΟΔΟΣ", "another"]).await;
        for (q, found) in [
            ("SUMMER", vec!["Summer in Straßburg"]),
            ("strassburg", vec!["Summer in Straßburg"]),
            ("winter_", vec!["100% WINTER_tale"]),
            ("0%", vec!["100% WINTER_tale"]),
            ("_", vec!["100% WINTER_tale"]),
            ("CAFÉ", vec!["Cafe\u{301} ΟΔΟΣ"]),
            ("οδος", vec!["Cafe\u{301} ΟΔΟΣ"]),
            (" other ", vec!["another"]),
            ("t", vec!["another", "100% WINTER_tale", "Summer in Straßburg"]),
            ("nothing of it", vec![]),
            (" ", vec!["another", "Cafe\u{301} ΟΔΟΣ", "100% WINTER_tale", "Summer in Straßburg"]),
        ] {
            assert_eq!(titles_of(&app, &app.alice(), &[("q", q)]).await, found, "{q}");
            assert_eq!(titles_of(&app, &app.token("bob", ""), &[("q", q)]).await, Vec::<String>::new(), "{q}");
        }
        let long = "x".repeat(513);
        app.get(&app.alice(), &address(&[("q", &long)])).await.expect_problem(400, "invalid_request");
    }
}

on_both! {
    async fn a_video_is_found_by_each_of_its_ids(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        let patch = json!({"external_id": "Order 7", "title": "Mine"});
        app.send(http::Method::PATCH, &path, Some(&app.alice()), Some(&patch)).await.expect(200);
        titled(&app, &["other"]).await;
        let ids = ["id", "upload_id", "asset_id", "playback_id"].map(|name| video[name].as_str().unwrap().to_owned());
        let admin = app.token("root", "video:admin");
        for q in ids.iter().map(String::as_str).chain(["Order 7"]) {
            for token in [&app.alice(), &admin] {
                assert_eq!(titles_of(&app, token, &[("q", q)]).await, ["Mine"], "{q}");
            }
            assert_eq!(titles_of(&app, &app.alice(), &[("q", &q[..q.len() - 1])]).await, Vec::<String>::new(), "{q}");
            assert_eq!(titles_of(&app, &app.token("bob", ""), &[("q", q)]).await, Vec::<String>::new(), "{q}");
        }
    }
}

on_both! {
    async fn titles_of_a_release_that_does_not_fold_them_are_found_once_the_job_has_run(db: Db) {
        let app = TestApp::start(db).await;
        let made = titled(&app, &["Known", "Changed", "Cleared", "Made"]).await;
        let id = |index: usize| made[index]["id"].as_str().unwrap().to_owned();
        // As 0.4.0 writes: it knows `title` alone.
        let text = |index: usize| match db {
            Db::Sqlite => format!("x'{}'", id(index).replace('-', "")),
            Db::Postgres => format!("'{}'", id(index)),
        };
        app.database
            .run(&format!(
                "update videos set title = 'Afterwards' where id = {}; update videos set title = null where id = {}; \
                 update videos set title_folded = null, title_folded_of = null where id = {}",
                text(1), text(2), text(3),
            ))
            .await;
        let found = async |q: &str| titles_of(&app, &app.alice(), &[("q", q)]).await;
        assert_eq!(found("known").await, ["Known"]);
        for q in ["changed", "after", "cleared", "made"] {
            assert_eq!(found(q).await, Vec::<String>::new(), "{q}");
        }
        assert_eq!(found(&id(1)).await, ["Afterwards"]);
        titles::fold_titles(&app.state).await.unwrap();
        assert_eq!(found("AFTER").await, ["Afterwards"]);
        assert_eq!(found("made").await, ["Made"]);
        for q in ["changed", "cleared"] {
            assert_eq!(found(q).await, Vec::<String>::new(), "{q}");
        }
    }
}

on_both! {
    async fn one_replica_at_a_time_folds_titles(db: Db) {
        let app = TestApp::start(db).await;
        titled(&app, &["Title"]).await;
        app.database.run("update videos set title_folded = null, title_folded_of = null").await;
        let other = app.clock.new_id();
        assert!(app.state.store.take_lease("titles", other, 90).await.unwrap());
        titles::fold_titles(&app.state).await.unwrap();
        assert_eq!(titles_of(&app, &app.alice(), &[("q", "title")]).await, Vec::<String>::new());
        app.state.store.end_leases_of(other).await.unwrap();
        titles::fold_titles(&app.state).await.unwrap();
        assert_eq!(titles_of(&app, &app.alice(), &[("q", "title")]).await, ["Title"]);
    }
}

on_both! {
    async fn a_list_goes_both_ways_and_keeps_to_its_times(db: Db) {
        let app = TestApp::start(db).await;
        let made = titled(&app, &["a", "b", "c", "d", "e"]).await;
        let at = |index: usize| made[index]["created_at"].as_str().unwrap().to_owned();
        let alice = app.alice();
        assert_eq!(titles_of(&app, &alice, &[("order", "newest")]).await, ["e", "d", "c", "b", "a"]);
        assert_eq!(titles_of(&app, &alice, &[("order", "oldest")]).await, ["a", "b", "c", "d", "e"]);
        assert_eq!(titles_of(&app, &alice, &[("created_after", &at(2))]).await, ["e", "d", "c"]);
        assert_eq!(titles_of(&app, &alice, &[("created_before", &at(2))]).await, ["b", "a"]);
        let between = [("created_after", at(1)), ("created_before", at(3)), ("order", "oldest".to_owned())];
        let between: Vec<(&str, &str)> = between.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(titles_of(&app, &alice, &between).await, ["b", "c"]);
        // Page by page, by the link alone.
        for (order, wanted) in [("oldest", ["a", "b", "c", "d", "e"]), ("newest", ["e", "d", "c", "b", "a"])] {
            let mut next = Some(address(&[
                ("order", order), ("limit", "2"), ("q", ""), ("created_after", &at(0)), ("status", "waiting"),
                ("status", "ready"),
            ]));
            let (mut seen, mut pages) = (Vec::new(), 0);
            while let Some(path) = next {
                let answer = app.get(&alice, &path).await;
                let page = answer.expect(200);
                seen.extend(page["data"].as_array().unwrap().iter().map(|video| video["title"].clone()));
                let link = answer.headers.get("link").map(|link| link.to_str().unwrap());
                next = link.map(|link| link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned());
                assert_eq!(next.is_some(), page["next_cursor"].is_string());
                pages += 1;
            }
            assert_eq!((seen, pages), (wanted.map(Value::from).to_vec(), 3), "{order}");
        }
        for bad in [
            "order=up", "created_after=yesterday", "created_before=1", "status=ready&status=ready", "q=a&q=b", "limit=2&limit=3",
            "status=", "status=ready,errored",
        ] {
            app.get(&alice, &format!("/v1/videos?{bad}")).await.expect_problem(400, "invalid_request");
        }
    }
}

on_both! {
    async fn several_filters_hold_together(db: Db) {
        let app = TestApp::start(db).await;
        let ready = app.ready_video("signed").await;
        let made = titled(&app, &["one", "two", "three"]).await;
        let path = |video: &Value| format!("/v1/videos/{}", video["id"].as_str().unwrap());
        for video in [&ready, &made[1]] {
            let patch = json!({"external_id": "shared", "title": "two"});
            app.send(http::Method::PATCH, &path(video), Some(&app.alice()), Some(&patch)).await.expect(200);
        }
        app.post(&app.alice(), &format!("{}/cancel", path(&made[0])), &json!({})).await.expect(200);
        app.post(&app.token("bob", ""), "/v1/uploads", &json!({"title": "two", "external_id": "shared"})).await.expect(201);
        let admin = app.token("root", "video:admin");
        let count = async |token: &str, query: &[(&str, &str)]| {
            let page = list(&app, token, query).await;
            assert_eq!(page["next_cursor"], Value::Null);
            page["data"].as_array().unwrap().len()
        };
        let alice = app.alice();
        for (query, own, all) in [
            (vec![("status", "ready")], 1, 1),
            (vec![("status", "waiting")], 2, 3),
            (vec![("status", "ready"), ("status", "cancelled")], 2, 2),
            (vec![("status", "ready"), ("status", "cancelled"), ("status", "waiting")], 4, 5),
            (vec![("status", "errored")], 0, 0),
            (vec![("provider", "mux")], 4, 5),
            (vec![("provider", "local")], 0, 0),
            (vec![("provider", "mux"), ("status", "waiting")], 2, 3),
            (vec![("external_id", "shared")], 2, 3),
            (vec![("external_id", "shared"), ("status", "waiting")], 1, 2),
            (vec![("external_id", "shared"), ("provider", "local")], 0, 0),
            (vec![("external_id", "shared"), ("q", "two"), ("status", "ready")], 1, 1),
            (vec![("q", "two")], 2, 3),
            (vec![("q", "two"), ("status", "waiting")], 1, 2),
            (vec![("q", "two"), ("status", "waiting"), ("provider", "mux")], 1, 2),
            (vec![("q", "two"), ("status", "waiting"), ("status", "ready"), ("provider", "mux")], 2, 3),
            (vec![("q", "two"), ("provider", "local")], 0, 0),
        ] {
            assert_eq!(count(&alice, &query).await, own, "{query:?}");
            assert_eq!(count(&admin, &query).await, all, "{query:?}");
            let mut of_alice = query.clone();
            of_alice.push(("owner", "alice"));
            assert_eq!(count(&admin, &of_alice).await, own, "{query:?}");
        }
    }
}

on_both! {
    async fn counts_are_by_owner_and_provider_and_some_seconds_old_at_most(db: Db) {
        let app = TestApp::start(db).await;
        app.ready_video("signed").await;
        let made = titled(&app, &["one", "two"]).await;
        app.post(&app.token("bob", ""), "/v1/uploads", &json!({})).await.expect(201);
        let admin = app.token("root", "video:admin");
        let counts = async |token: &str, query: &[(&str, &str)]| {
            let mut query = query.to_vec();
            query.push(("count", "true"));
            list(&app, token, &query).await["counts"].clone()
        };
        let expected = |waiting: u8, ready: u8| json!({
            "created": 0, "waiting": waiting, "preparing": 0, "ready": ready, "errored": 0, "cancelled": 0, "expired": 0,
            "deleting": 0,
        });
        assert_eq!(counts(&app.alice(), &[]).await, expected(2, 1));
        assert_eq!(counts(&app.alice(), &[("provider", "mux"), ("limit", "1"), ("order", "oldest")]).await, expected(2, 1));
        assert_eq!(counts(&app.alice(), &[("provider", "other")]).await, expected(0, 0));
        assert_eq!(counts(&admin, &[]).await, expected(3, 1));
        assert_eq!(counts(&admin, &[("owner", "bob")]).await, expected(1, 0));
        assert_eq!(list(&app, &app.alice(), &[("count", "false"), ("status", "ready")]).await.get("counts"), None);
        let mut later = app.delete(&made[0]).await.expect(202);
        assert_eq!(later["status"].take(), "deleting");
        assert_eq!(counts(&app.alice(), &[]).await, expected(2, 1));
        app.clock.advance(Duration::seconds(5));
        let mut deleting = expected(1, 1);
        deleting["deleting"] = json!(1);
        assert_eq!(counts(&app.alice(), &[]).await, deleting);
        for query in [
            "status=ready", "q=a", "external_id=e", "created_after=2026-01-01T00:00:00Z", "created_before=2026-01-01T00:00:00Z",
        ] {
            app.get(&app.alice(), &format!("/v1/videos?count=true&{query}")).await.expect_problem(400, "invalid_request");
        }
    }
}
