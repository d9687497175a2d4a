//! Who may do what: every route, by every scope, with one's own video, another's, and none.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use crate::support::document::document;
use crate::support::{Answer, Db, TestApp, sign};

/// The callers: each a name and its claim `scope`. `videos` of `narrowed` names another's video alone.
const CALLERS: [(&str, &str); 9] = [
    ("none", ""),
    ("own", "video:own"),
    ("upload", "video:upload"),
    ("read", "openid video:read"),
    ("play", "video:play"),
    ("narrowed", "video:play"),
    ("admin", "video:admin"),
    ("unknown", "video:paly video:"),
    ("expired", "video:admin"),
];

/// For each caller what it gets for its own video, another's, and one that is not there: 2 is an answer, 1 a 401, 3 a
/// 403, 4 a 404. Where a route is about no video, the three are the same.
///
///                            none   own    upload read   play   narrow admin  unkn.  expired
const SEE: [&str; 9] = ["244", "244", "244", "224", "333", "333", "224", "333", "111"];
const CANCEL: [&str; 9] = ["244", "244", "244", "333", "333", "333", "224", "333", "111"];
const CHANGE: [&str; 9] = ["244", "244", "333", "333", "333", "333", "224", "333", "111"];
const PLAY: [&str; 9] = ["244", "244", "333", "333", "224", "424", "224", "333", "111"];
const LIST: [&str; 9] = ["222", "222", "222", "222", "333", "333", "222", "333", "111"];
const BEGIN: [&str; 9] = ["222", "222", "222", "333", "333", "333", "222", "333", "111"];
const ADMIN: [&str; 9] = ["333", "333", "333", "333", "333", "333", "222", "333", "111"];
const ADMIN_OF: [&str; 9] = ["333", "333", "333", "333", "333", "333", "224", "333", "111"];
const ANY_TOKEN: [&str; 9] = ["222", "222", "222", "222", "222", "222", "222", "222", "111"];

/// Every route that wants a token, its row of the table, and the body that it takes.
fn rows() -> Vec<(&'static str, [&'static str; 9], Option<Value>)> {
    vec![
        ("GET /v1/session", ANY_TOKEN, None),
        ("POST /v1/uploads", BEGIN, Some(json!({}))),
        ("GET /v1/videos", LIST, None),
        (
            "POST /v1/videos",
            BEGIN,
            Some(json!({"source_url": "https://files.example/a.mp4"})),
        ),
        ("GET /v1/videos/{id}", SEE, None),
        ("PATCH /v1/videos/{id}", CHANGE, Some(json!({"title": "new"}))),
        ("DELETE /v1/videos/{id}", CHANGE, None),
        ("POST /v1/videos/{id}/cancel", CANCEL, None),
        ("DELETE /v1/videos/{id}/replacement", CHANGE, None),
        (
            "POST /v1/videos/{id}/renditions",
            CHANGE,
            Some(json!({"name": "highest"})),
        ),
        ("DELETE /v1/videos/{id}/renditions/{name}", CHANGE, None),
        ("GET /v1/videos/{id}/tracks", PLAY, None),
        (
            "POST /v1/videos/{id}/tracks",
            CHANGE,
            Some(json!({"language": "en", "generate": true})),
        ),
        ("GET /v1/videos/{id}/tracks/{track}", PLAY, None),
        ("DELETE /v1/videos/{id}/tracks/{track}", CHANGE, None),
        ("GET /v1/videos/{id}/events", SEE, None),
        ("GET /v1/videos/{id}/playback", PLAY, None),
        ("GET /v1/videos/{id}/thumbnails", PLAY, None),
        ("POST /v1/playback", PLAY, Some(json!({"ids": ["{id}"]}))),
        ("GET /v1/admin/webhook-events", ADMIN, None),
        ("GET /v1/admin/webhook-events/{id}", ADMIN_OF, None),
        ("POST /v1/admin/webhook-events/{id}/replay", ADMIN_OF, None),
        (
            "POST /v1/admin/webhook-events/replay",
            ADMIN,
            Some(json!({"state": "failed"})),
        ),
        ("GET /v1/admin/outgoing-events", ADMIN, None),
        ("GET /v1/admin/outgoing-events/{id}", ADMIN_OF, None),
        ("POST /v1/admin/outgoing-events/{id}/replay", ADMIN_OF, None),
        (
            "POST /v1/admin/outgoing-events/replay",
            ADMIN,
            Some(json!({"state": "given_up"})),
        ),
        ("GET /v1/admin/overview", ADMIN, None),
        ("GET /v1/admin/setup", ADMIN, None),
        (
            "POST /v1/admin/videos",
            ADMIN,
            Some(json!({"provider": "mux", "owner": "alice", "asset_id": "{asset}"})),
        ),
        ("POST /v1/admin/videos/{id}/refresh", ADMIN_OF, None),
        (
            "POST /v1/admin/videos/{id}/move",
            ADMIN_OF,
            Some(json!({"provider": "mux"})),
        ),
        ("GET /v1/admin/videos/{id}/move", ADMIN_OF, None),
        ("GET /v1/admin/usage", ADMIN, None),
        ("GET /v1/admin/owners/{owner}", ADMIN, None),
        ("GET /v1/admin/owners/{owner}/export", ADMIN, None),
        ("DELETE /v1/admin/owners/{owner}", ADMIN, None),
    ]
}

/// The operations of the document that want a token, as `METHOD path`.
fn operations() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] != json!([]) {
                found.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    found
}

#[test]
fn every_route_has_its_row() {
    let named: BTreeSet<String> = rows().iter().map(|(route, ..)| (*route).to_owned()).collect();
    assert_eq!(operations(), named, "a new route needs a row: who may call it?");
}

#[test]
fn the_document_names_the_scopes_that_the_table_permits() {
    let scopes = ["video:own", "video:upload", "video:read", "video:play"];
    for (route, row, _) in rows() {
        let (method, path) = route.split_once(' ').unwrap();
        let operation = &document()["paths"][path][method.to_lowercase()];
        let Some(alternatives) = operation["security"].as_array() else {
            assert_eq!(row, ANY_TOKEN, "{route}");
            continue;
        };
        let named: BTreeSet<&str> = alternatives
            .iter()
            .filter_map(|one| one["bearer"][0].as_str())
            .collect();
        let cells = [row[1], row[2], row[3], row[4]];
        let permitted = scopes.iter().zip(cells).filter(|(_, cell)| *cell != "333");
        let wanted: BTreeSet<&str> = permitted
            .map(|(scope, _)| *scope)
            .chain(["video:admin"])
            .collect();
        assert_eq!(named, wanted, "{route}");
    }
}

/// The videos that one row needs, made anew for each caller: its own, another's.
async fn make_videos(app: &TestApp, route: &str, caller: &str) -> [Value; 2] {
    let make = async |owner: &str| {
        if route.ends_with("/cancel") {
            let begun = app.post(&app.token(owner, ""), "/v1/uploads", &json!({})).await;
            return begun.expect(201)["video"].clone();
        }
        let video = app.ready_video_of(owner, "signed").await;
        if route.ends_with("/replacement") {
            let body = json!({"replaces": video["id"]});
            app.post(&app.token(owner, ""), "/v1/uploads", &body)
                .await
                .expect(201);
        }
        // Why of all that is read: those videos serve every row that reads.
        if route.starts_with("GET ") || route.ends_with("/tracks/{track}") {
            app.add_captions(owner, &video).await;
        }
        if route.ends_with("/renditions/{name}") {
            let path = format!("/v1/videos/{}/renditions", video["id"].as_str().unwrap());
            let asked = app
                .post(&app.token(owner, ""), &path, &json!({"name": "highest"}))
                .await;
            asked.expect(202);
        }
        video
    };
    [make(caller).await, make("another").await]
}

/// The id in the route's path: the video's, or that of an event about it.
async fn target_of(app: &TestApp, route: &str, video: &Value) -> String {
    let id = video["id"].as_str().unwrap();
    let Some((list, _)) = route.split_once("-events/{id}") else {
        return id.to_owned();
    };
    let list = list.rsplit(' ').next().unwrap();
    let page = app
        .get(
            &app.token("root", "video:admin"),
            &format!("{list}-events?video_id={id}"),
        )
        .await;
    page.expect(200)["data"][0]["id"]
        .as_str()
        .unwrap_or(id)
        .to_owned()
}

/// The digit of an answer. A page of playback tells of each video by itself.
fn digit(route: &str, answer: &Answer) -> char {
    let mut status = answer.status.as_u16();
    if route == "POST /v1/playback" && status == 200 {
        let entry = &answer.json()["data"][0];
        status = entry["problem"]["status"]
            .as_u64()
            .map_or(200, |status| u16::try_from(status).unwrap());
    }
    match status {
        200..=299 => '2',
        401 => '1',
        403 => '3',
        404 => '4',
        _ => '?',
    }
}

on_both! {
    async fn every_scope_does_with_every_video_what_the_table_says(db: Db) {
        let maps = crate::support::maps_without_a_rate();
        let receiver = crate::support::receiver::Receiver::start().await;
        let mut more = receiver.settings();
        more.extend([
            ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0"),
            ("VIDEO_AUTH__FAILURES_PER_MIN", "0"),
            ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
            ("VIDEO_INGEST__ALLOWED_HOSTS", "files.example"),
            ("VIDEO_INGEST__ALLOW_HTTP", "true"),
            ("VIDEO_INGEST__ALLOW_PRIVATE", "true"),
        ]);
        let app = TestApp::with(db, &more).await;
        let now = app.clock.now().timestamp();
        let missing = "0199aaaa-0000-7000-8000-000000000000";
        // Why: what is only read stays as it is, and serves every row that reads.
        let mut kept: BTreeMap<&str, [Value; 2]> = BTreeMap::new();
        for (route, row, body) in rows() {
            let (method, path) = route.split_once(' ').unwrap();
            let method: Method = method.parse().unwrap();
            for ((name, scope), wanted) in CALLERS.iter().zip(row) {
                let caller = format!("caller-{name}");
                let videos = if method == Method::GET && kept.contains_key(name) {
                    kept[name].clone()
                } else {
                    make_videos(&app, route, &caller).await
                };
                if method == Method::GET {
                    kept.insert(name, videos.clone());
                }
                let exp = if *name == "expired" { now - 60 } else { now + 3600 };
                let mut claims = json!({"sub": caller, "scope": scope, "exp": exp});
                if *name == "narrowed" {
                    claims["videos"] = json!([videos[1]["id"]]);
                }
                let token = sign(&claims);
                let mut got = String::new();
                for video in [&videos[0], &videos[1], &json!({"id": missing})] {
                    let id = target_of(&app, route, video).await;
                    let asset = format!("made-elsewhere-{id}");
                    if route == "POST /v1/admin/videos" {
                        let ids = json!([{"id": format!("plays-{id}"), "policy": "signed"}]);
                        app.mux.know(&json!({"id": asset, "status": "ready", "playback_ids": ids}));
                    }
                    let body = body.as_ref().map(|body| {
                        let text = body.to_string().replace("{id}", &id).replace("{asset}", &asset);
                        serde_json::from_str::<Value>(&text).unwrap()
                    });
                    let track = app.first_track(&id).await;
                    let path = path.replace("{id}", &id).replace("{name}", "highest").replace("{track}", &track);
                    let answer = app.send(method.clone(), &path, Some(&token), body.as_ref()).await;
                    got.push(digit(route, &answer));
                }
                assert_eq!(got, wanted, "{route} as {name}");
            }
        }
    }
}

/// The ids of a list, page by page.
async fn listed(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app
            .get(token, &format!("/v1/videos?limit=2{query}{cursor}"))
            .await
            .expect(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 2, "{page}");
        ids.extend(data.iter().map(|video| video["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

on_both! {
    async fn a_list_under_the_claim_videos_shows_these_and_with_own_the_owners_too(db: Db) {
        let app = TestApp::start(db).await;
        let mut all = Vec::new();
        for owner in ["alice", "bob", "alice", "bob", "carol", "alice", "bob"] {
            let begun = app.post(&app.token(owner, ""), "/v1/uploads", &json!({"title": owner})).await.expect(201);
            all.push((owner, begun["video"]["id"].as_str().unwrap().to_owned()));
            app.clock.advance(chrono::Duration::seconds(1));
        }
        let of = |owners: &[&str]| -> Vec<String> {
            let found = all.iter().rev().filter(|(owner, _)| owners.contains(owner));
            found.map(|(_, id)| id.clone()).collect()
        };
        let named = of(&["bob", "carol"]);
        let exp = app.clock.now().timestamp() + 3600;
        let with = |scope: &str, videos: &Value| {
            sign(&json!({"sub": "alice", "scope": scope, "exp": exp, "videos": videos}))
        };
        let reads = with("video:read", &json!(named));
        assert_eq!(listed(&app, &reads, "").await, named);
        let both = with("video:own video:read", &json!(named));
        assert_eq!(listed(&app, &both, "").await, of(&["alice", "bob", "carol"]));
        let mut oldest = of(&["alice", "bob", "carol"]);
        oldest.reverse();
        assert_eq!(listed(&app, &both, "&order=oldest").await, oldest);
        assert_eq!(listed(&app, &both, "&q=BOB").await, of(&["bob"]), "filters hold for named ones too");
        assert_eq!(listed(&app, &both, "&status=ready").await, Vec::<String>::new());
        let none = with("video:read", &json!([]));
        assert_eq!(listed(&app, &none, "").await, Vec::<String>::new());
        // A named video of one's own is listed once.
        let own = with("video:own video:read", &json!(of(&["alice", "bob"])));
        assert_eq!(listed(&app, &own, "").await, of(&["alice", "bob"]));
        // Without the claim everybody's, and owner= chooses.
        let reader = app.token("reader", "video:read");
        assert_eq!(listed(&app, &reader, "").await.len(), 7);
        assert_eq!(listed(&app, &reader, "&owner=carol").await, of(&["carol"]));
        app.get(&reads, "/v1/videos?owner=bob").await.expect_problem(403, "forbidden");
        app.get(&reads, "/v1/videos?count=true").await.expect_problem(400, "invalid_request");
    }
}

on_both! {
    async fn a_session_tells_what_a_token_may_choose(db: Db) {
        let more = [
            ("VIDEO_UPLOADS__MAX_DURATION_S", "600"),
            ("VIDEO_UPLOADS__CONTENT_TYPES", r#"["video/*", "audio/mpeg"]"#),
        ];
        let app = TestApp::with(db, &more).await;
        let plain = app.get(&app.alice(), "/v1/session").await.expect(200);
        assert_eq!((&plain["sub"], &plain["scopes"]), (&json!("alice"), &json!(["video:own"])));
        assert_eq!(plain["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(plain["uploads"]["max_bytes"], Value::Null);
        assert_eq!(plain["uploads"]["max_duration_s"], 600);
        assert_eq!(plain["uploads"]["content_types"], json!(["video/*", "audio/mpeg"]));
        assert_eq!(plain["uploads"]["policies"], json!(["public", "signed"]));
        assert_eq!(plain["playback"], json!({"ttl_s": 3600, "max_ttl_s": 604_800}));
        assert_eq!((&plain["ingest"], &plain["quotas"]), (&Value::Null, &json!({})));
        let mux = plain["capabilities"]["mux"].as_array().unwrap();
        for name in ["public", "signed", "quality", "cancel", "delete", "thumbnails"] {
            assert!(mux.contains(&json!(name)), "{mux:?}");
        }
        let exp = app.clock.now().timestamp() + 60;
        let narrow = sign(&json!({
            "sub": "alice", "exp": exp, "scope": "video:upload openid",
            "upload": {"max_bytes": 100, "max_duration_s": 900, "content_types": ["video/mp4", "text/vtt"], "policy": "signed"},
        }));
        let session = app.get(&narrow, "/v1/session").await.expect(200);
        assert_eq!(session["scopes"], json!(["video:upload"]));
        let uploads = &session["uploads"];
        assert_eq!((&uploads["max_bytes"], &uploads["max_duration_s"]), (&json!(100), &json!(600)));
        assert_eq!((&uploads["content_types"], &uploads["policies"]), (&json!(["video/mp4"]), &json!(["signed"])));
        assert_eq!(session["playback"], Value::Null);
        let viewer = app.get(&app.token("v", "video:play"), "/v1/session").await.expect(200);
        assert_eq!((&viewer["uploads"], &viewer["capabilities"]), (&Value::Null, &json!({})));
        let nothing = app.get(&app.token("v", "video:none"), "/v1/session").await.expect(200);
        assert_eq!((&nothing["scopes"], &nothing["uploads"]), (&json!([]), &Value::Null));
    }
}

on_both! {
    async fn with_require_scope_a_token_without_one_may_do_nothing(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_AUTH__REQUIRE_SCOPE", "true")]).await;
        for scope in ["", "openid profile"] {
            let token = app.token("alice", scope);
            app.get(&token, "/v1/videos").await.expect_problem(403, "forbidden");
            app.post(&token, "/v1/uploads", &json!({})).await.expect_problem(403, "forbidden");
            assert_eq!(app.get(&token, "/v1/session").await.expect(200)["scopes"], json!([]));
        }
        let own = app.token("alice", "openid video:own");
        app.post(&own, "/v1/uploads", &json!({})).await.expect(201);
        // Who played and uploaded with one scope is told what to ask for.
        let refused = app.post(&app.token("alice", "video:play"), "/v1/uploads", &json!({})).await;
        let detail = &refused.expect_problem(403, "forbidden")["detail"];
        assert_eq!(detail, "This token plays; to upload it needs video:own.");
    }
}
