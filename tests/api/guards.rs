//! Every route asks who calls: told by the OpenAPI document, so that a new route is asked too.

use http::Method;
use serde_json::{Value, json};

use crate::support::document::document;
use crate::support::{Answer, Db, TestApp};

/// A route of the document that wants a token.
struct Route {
    method: Method,
    path: String,
}

/// The routes below `prefix` that do not say that anybody may call them.
fn routes(prefix: &str) -> Vec<Route> {
    let paths = document()["paths"].as_object().unwrap();
    let mut routes = Vec::new();
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with(prefix)) {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] != json!([]) {
                let (method, path) = (method.to_uppercase().parse().unwrap(), path.clone());
                routes.push(Route { method, path });
            }
        }
    }
    routes
}

impl Route {
    fn changes(&self) -> bool {
        self.method != Method::GET
    }

    /// The route about this id; every other parameter is the same id too: nothing is found by it.
    async fn ask(&self, app: &TestApp, id: &str, token: Option<&str>) -> Answer {
        let mut path = String::new();
        for segment in self.path.split('/').skip(1) {
            let segment = if segment.starts_with('{') { id } else { segment };
            path = format!("{path}/{segment}");
        }
        let body = (self.changes()).then(|| json!({"title": "stolen"}));
        app.send(self.method.clone(), &path, token, body.as_ref()).await
    }
}

on_both! {
    async fn every_route_about_a_video_is_its_owners_alone(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_AUTH__FAILURES_PER_MIN", "0")]).await;
        let video = app.ready_video("signed").await;
        let id = video["id"].as_str().unwrap();
        let about: Vec<Route> = routes("/v1/videos").into_iter().filter(|route| route.path.contains("{id}")).collect();
        assert!(about.len() >= 6, "GET, PATCH, DELETE, cancel, events, playback, thumbnails");
        for route in about {
            let what = format!("{} {}", route.method, route.path);
            let strangers = [
                (None, 401, "unauthenticated"),
                (Some("nonsense".to_owned()), 401, "unauthenticated"),
                (Some(app.token("bob", "")), 404, "not_found"),
                (Some(app.token("alice2", "openid profile")), 404, "not_found"),
                (Some(app.token("alice", "openid video:nothing")), 403, "forbidden"),
            ];
            for (token, status, code) in strangers {
                let answer = route.ask(&app, id, token.as_deref()).await;
                assert_eq!(answer.status, status, "{what}: {}", answer.text);
                answer.expect_problem(status, code);
            }
            let reads_tracks = route.method == Method::GET && route.path.contains("/tracks");
            let plays = reads_tracks || route.path.ends_with("/playback") || route.path.ends_with("/thumbnails");
            if !plays {
                let viewer = route.ask(&app, id, Some(&app.token("bob", "video:play"))).await;
                assert_eq!(viewer.status, 403, "{what}: {}", viewer.text);
            }
        }
        assert_eq!(app.video(&video["id"]).await, video, "nothing was changed");
        let body = json!({"ids": [id]});
        let page = app.post(&app.token("bob", ""), "/v1/playback", &body).await.expect(200);
        assert_eq!(page["data"][0]["problem"]["code"], "not_found");
        let list = app.get(&app.token("bob", ""), "/v1/videos").await.expect(200);
        assert_eq!(list["data"], json!([]));
        app.get(&app.token("bob", ""), "/v1/videos?owner=alice").await.expect_problem(403, "forbidden");
    }
}

on_both! {
    async fn every_route_of_admins_is_theirs_alone(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_AUTH__FAILURES_PER_MIN", "0")]).await;
        let video = app.ready_video("signed").await;
        let admin = app.token("root", "video:admin");
        let events = app.get(&admin, "/v1/admin/webhook-events").await.expect(200);
        let ids: Vec<&str> = [&video["id"], &events["data"][0]["id"]].map(|id: &Value| id.as_str().unwrap()).into();
        let all = routes("/v1/admin");
        let replays = all.iter().filter(|route| route.path.ends_with("/replay"));
        assert!(replays.count() >= 2, "of webhooks and of outgoing events");
        for route in &all {
            let what = format!("{} {}", route.method, route.path);
            for id in &ids {
                for scope in ["", "video:play", "video:adm video:administrator", "admin"] {
                    let refused = route.ask(&app, id, Some(&app.token("alice", scope))).await;
                    assert_eq!(refused.status, 403, "{what} as {scope:?}: {}", refused.text);
                    refused.expect_problem(403, "forbidden");
                }
                let nobody = route.ask(&app, id, None).await;
                assert_eq!(nobody.status, 401, "{what}: {}", nobody.text);
            }
        }
        assert_eq!(app.video(&video["id"]).await, video, "nothing was changed");
        for route in &all {
            let answer = route.ask(&app, ids[0], Some(&admin)).await;
            let what = format!("{} {}: {}", route.method, route.path, answer.text);
            assert!(![401, 403].contains(&answer.status.as_u16()), "{what}");
        }
    }
}

/// What anybody may call: a new route without a token is a decision, made here.
#[test]
fn the_routes_that_want_no_token_are_these() {
    let open = document()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations
                .filter(|(_, operation)| operation["security"] == json!([]))
                .map(move |(method, _)| format!("{method} {path}"))
        });
    let mut open: Vec<String> = open.collect();
    open.sort();
    assert_eq!(
        open,
        [
            "get /docs",
            "get /docs/{digest}/{file}",
            "get /livez",
            "get /openapi.json",
            "get /problems/{code}",
            "get /readyz",
            "get /v1/tracks/{ticket}",
            "post /v1/webhooks/{provider}",
        ]
    );
}
