//! Who asks too often, too slowly, or too much at once.

use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, TestApp, answer};

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

async fn begin(app: &TestApp, owner: &str) -> Answer {
    app.post(&app.token(owner, ""), "/v1/uploads", &json!({})).await
}

/// A request with a bad token, as a proxy passes it on.
async fn fail(app: &TestApp, forwarded_for: &str) -> Answer {
    let request = app.client.get(format!("{}/v1/videos", app.url));
    answer(
        request
            .bearer_auth("bad")
            .header("x-forwarded-for", forwarded_for),
    )
    .await
}

async fn connect(app: &TestApp) -> TcpStream {
    let address = app.url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// What the connection still says, and how long it took to end.
async fn rest(stream: &mut TcpStream) -> (String, Duration) {
    let (begun, mut bytes) = (Instant::now(), Vec::new());
    let reading = stream.read_to_end(&mut bytes);
    let ended = tokio::time::timeout(Duration::from_secs(10), reading).await;
    assert!(ended.is_ok(), "the connection is still open");
    (String::from_utf8_lossy(&bytes).into_owned(), begun.elapsed())
}

on_both! {
    async fn an_owner_has_a_quota_of_uploads_and_sees_it(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "3")]).await;
        for left in [2, 1, 0] {
            let begun = begin(&app, "alice").await;
            begun.expect(201);
            assert_eq!(text(&begun.headers, "ratelimit-policy"), "\"uploads\";q=3;w=60");
            let used = 20 * (3 - left);
            assert_eq!(text(&begun.headers, "ratelimit"), format!("\"uploads\";r={left};t={used}"));
        }
        let refused = begin(&app, "alice").await;
        refused.expect_problem(429, "rate_limited");
        assert_eq!(text(&refused.headers, "retry-after"), "20");
        assert_eq!(text(&refused.headers, "ratelimit"), "\"uploads\";r=0;t=60");
        begin(&app, "bob").await.expect(201);
        app.clock.advance(chrono::Duration::seconds(20));
        begin(&app, "alice").await.expect(201);
        begin(&app, "alice").await.expect_problem(429, "rate_limited");
        // Nothing else of hers is limited.
        app.get(&app.alice(), "/v1/videos").await.expect(200);
    }
}

on_both! {
    async fn a_kept_answer_costs_nothing_of_the_quota(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "2")]).await;
        let keyed = async |key: &str, title: &str| {
            let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
            answer(request.header("idempotency-key", key).json(&json!({"title": title}))).await
        };
        let first = keyed("one", "a").await.expect(201);
        for _ in 0..3 {
            let again = keyed("one", "a").await;
            assert_eq!(again.expect(201), first);
            assert_eq!(text(&again.headers, "ratelimit"), "\"uploads\";r=1;t=30");
        }
        // Neither does what is refused for other reasons.
        app.post(&app.alice(), "/v1/uploads", &json!({"title": 1})).await.expect_problem(422, "invalid_body");
        keyed("two", "a").await.expect(201);
        keyed("three", "a").await.expect_problem(429, "rate_limited");
        // Nothing is left, and what was answered is still answered.
        let again = keyed("one", "a").await;
        assert_eq!(again.expect(201), first);
        assert_eq!(text(&again.headers, "idempotency-replayed"), "true");
        keyed("one", "b").await.expect_problem(429, "rate_limited");
        // The refused key was not used up.
        app.clock.advance(chrono::Duration::seconds(30));
        keyed("three", "b").await.expect(201);
    }
}

on_both! {
    async fn too_many_failures_of_an_address_are_429_and_what_is_valid_is_still_taken(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_AUTH__FAILURES_PER_MIN", "3")]).await;
        let video = app.upload().await;
        let event = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
        fail(&app, "1.1.1.1").await.expect_problem(401, "unauthenticated");
        fail(&app, "2.2.2.2").await.expect_problem(401, "unauthenticated");
        app.webhook(&[("mux-signature", "t=1,v1=00")], "{}").await.expect_problem(401, "invalid_signature");
        let refused = fail(&app, "3.3.3.3").await;
        refused.expect_problem(429, "rate_limited");
        assert_eq!(text(&refused.headers, "retry-after"), "20");
        assert_eq!(text(&refused.headers, "ratelimit-policy"), "\"failures\";q=3;w=60");
        assert_eq!(text(&refused.headers, "ratelimit"), "\"failures\";r=0;t=60");
        let stream = format!("/v1/videos/{}/events?ticket=v1.1.guess", video["id"].as_str().unwrap());
        app.send(Method::GET, &stream, None, None).await.expect_problem(429, "rate_limited");
        app.webhook(&[("mux-signature", "t=1,v1=00")], "{}").await.expect_problem(429, "rate_limited");
        app.get(&app.alice(), "/v1/videos").await.expect(200);
        app.event(&event).await.expect(200);
        app.clock.advance(chrono::Duration::minutes(1));
        fail(&app, "1.1.1.1").await.expect_problem(401, "unauthenticated");
    }
}

on_both! {
    async fn behind_a_trusted_proxy_each_address_counts_by_itself(db: Db) {
        let more = [("VIDEO_AUTH__FAILURES_PER_MIN", "1"), ("VIDEO_HTTP__TRUSTED_PROXIES", "127.0.0.0/8")];
        let app = TestApp::with(db, &more).await;
        fail(&app, "1.1.1.1").await.expect_problem(401, "unauthenticated");
        fail(&app, "1.1.1.1").await.expect_problem(429, "rate_limited");
        // What stands before the nearest address anybody may have written.
        fail(&app, "9.9.9.9, 1.1.1.1").await.expect_problem(429, "rate_limited");
        fail(&app, "2.2.2.2").await.expect_problem(401, "unauthenticated");
        fail(&app, "2001:db8:1:2::3").await.expect_problem(401, "unauthenticated");
        fail(&app, "2001:db8:1:2:ffff::4").await.expect_problem(429, "rate_limited");
        fail(&app, "2001:db8:1:3::3").await.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn slow_clients_are_cut_off_and_hold_up_nobody() {
    let more = [
        ("VIDEO_HTTP__HEADER_TIMEOUT_S", "2"),
        ("VIDEO_HTTP__BODY_TIMEOUT_S", "2"),
    ];
    let app = TestApp::with(Db::Sqlite, &more).await;
    let mut slow = Vec::new();
    for index in 0..400 {
        let mut stream = connect(&app).await;
        // Nothing at all, a beginning that may become HTTP/2, half a header, half a body.
        let beginnings = [
            String::new(),
            "P".to_owned(),
            "GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow".to_owned(),
            format!(
                "POST /v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
                 Content-Length: 100\r\n\r\n{{",
                app.alice()
            ),
        ];
        stream.write_all(beginnings[index % 4].as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let begun = Instant::now();
    app.send(Method::GET, "/livez", None, None).await.expect(200);
    app.get(&app.alice(), "/v1/videos").await.expect(200);
    assert!(begun.elapsed() < Duration::from_secs(1));
    for (index, stream) in slow.iter_mut().enumerate() {
        let (said, _) = rest(stream).await;
        assert_eq!(said.contains("400 Bad Request"), index % 4 == 3, "{said}");
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

/// All of `app`'s connections but for those beyond the limit are taken.
async fn beyond_the_limit_are_only_probes(app: &TestApp) {
    let mut idle = Vec::new();
    for _ in 0..16 {
        idle.push(connect(app).await);
    }
    let one = reqwest::Client::new;
    let shed = answer(
        one()
            .get(format!("{}/v1/videos", app.url))
            .bearer_auth(app.alice()),
    )
    .await;
    shed.expect_problem(503, "unavailable");
    assert_eq!(text(&shed.headers, "retry-after"), "1");
    answer(one().get(format!("{}/", app.url)))
        .await
        .expect_problem(503, "unavailable");
    for probe in ["livez", "readyz"] {
        answer(one().get(format!("{}/{probe}", app.url)))
            .await
            .expect(200);
    }
    // They do not stay either.
    let (said, took) = rest(&mut connect(app).await).await;
    assert_eq!(said, "");
    assert!(took < Duration::from_secs(4), "{took:?}");
    drop(idle);
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.get(&app.alice(), "/v1/videos").await.expect(200);
}

#[tokio::test]
async fn no_more_connections_are_held_than_allowed() {
    let app = TestApp::with(Db::Sqlite, &[("VIDEO_HTTP__MAX_CONNECTIONS", "16")]).await;
    beyond_the_limit_are_only_probes(&app).await;
}

#[tokio::test]
async fn one_address_does_not_take_all_connections_unless_it_is_a_proxy() {
    let limit = ("VIDEO_HTTP__MAX_CONNECTIONS_PER_ADDRESS", "16");
    let app = TestApp::with(Db::Sqlite, &[limit]).await;
    beyond_the_limit_are_only_probes(&app).await;
    let app = TestApp::with(Db::Sqlite, &[limit, ("VIDEO_HTTP__TRUSTED_PROXIES", "127.0.0.1")]).await;
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(connect(&app).await);
    }
    app.get(&app.alice(), "/v1/videos").await.expect(200);
}

on_both! {
    async fn bodies_that_dawdle_take_nothing_from_others(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_HTTP__MAX_REQUESTS", "4")]).await;
        let video = app.upload().await;
        let now = app.clock.now();
        // Each declares as large a body as there may be and has a signature of now; together they are more than the
        // shared room, and than there are places.
        let mut slow = Vec::new();
        for path in ["/v1/webhooks/mux", "/v1/uploads"] {
            for _ in 0..80 {
                let mut stream = connect(&app).await;
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nMux-Signature: t={},v1={}\r\n\
                     Content-Type: application/json\r\nContent-Length: 1048576\r\n\r\n{{",
                    app.alice(), now.timestamp(), "0".repeat(64),
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                slow.push(stream);
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let event = Ids::of(&video).asset_event("ready", "ready", "signed", now);
        app.event(&event).await.expect(200);
        begin(&app, "bob").await.expect(201);
    }
}

on_both! {
    async fn one_request_too_many_is_told_to_come_again(db: Db) {
        let few = [("VIDEO_HTTP__MAX_REQUESTS", "1"), ("VIDEO_HTTP__MAX_WAITING", "1")];
        let app = TestApp::with(db, &few).await;
        app.mux.slow_down(Duration::from_secs(2));
        let slow = async { begin(&app, "alice").await };
        let others = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            // Half of what may be there is hers already; what others ask is none of her business.
            let shed = begin(&app, "alice").await;
            shed.expect_problem(503, "unavailable");
            assert_eq!(text(&shed.headers, "retry-after"), "1");
            app.send(Method::GET, "/livez", None, None).await.expect(200);
            app.send(Method::GET, "/readyz", None, None).await.expect(200);
            begin(&app, "bob").await.expect(201);
        };
        let (slow, ()) = tokio::join!(slow, others);
        slow.expect(201);
        app.mux.slow_down(Duration::ZERO);
        begin(&app, "alice").await.expect(201);
    }
}

#[tokio::test]
async fn headers_and_addresses_have_limits() {
    let app = TestApp::start(Db::Sqlite).await;
    let long = format!("/v1/videos?cursor={}", "x".repeat(9000));
    app.get(&app.alice(), &long)
        .await
        .expect_problem(414, "invalid_request");
    let large = app.client.get(format!("{}/livez", app.url));
    answer(large.header("x-a", "b".repeat(40_000)))
        .await
        .expect_problem(431, "invalid_request");
    // Beyond this the server's own limits hold, without a document.
    for headers in [
        "X-A: b\r\n".repeat(200),
        format!("X-A: {}\r\n", "b".repeat(80_000)),
    ] {
        let mut stream = connect(&app).await;
        let request = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        // The server may hang up before it has read everything.
        let _cut_off = stream.write_all(request.as_bytes()).await;
        let mut said = [0; 12];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&said), "HTTP/1.1 431");
    }
}

/// Speaks HTTP/2 from the first byte, on one connection.
struct Http2(hyper::client::conn::http2::SendRequest<reqwest::Body>);

impl Http2 {
    async fn to(app: &TestApp) -> Self {
        let io = TokioIo::new(connect(app).await);
        let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
            .await
            .unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> http::Response<hyper::body::Incoming> {
        let mut request = http::Request::try_from(request.build().unwrap()).unwrap();
        *request.version_mut() = http::Version::HTTP_2;
        self.0.clone().send_request(request).await.unwrap()
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        let (parts, body) = self.send(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

#[tokio::test]
async fn http2_has_the_same_limits_and_streams_outlive_them() {
    let more = [
        ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "1"),
        ("VIDEO_HTTP__HEADER_TIMEOUT_S", "1"),
        ("VIDEO_HTTP__BODY_TIMEOUT_S", "1"),
    ];
    let app = TestApp::with(Db::Sqlite, &more).await;
    let (http2, url, client) = (Http2::to(&app).await, &app.url, &app.client);
    let post = || {
        client
            .post(format!("{url}/v1/uploads"))
            .bearer_auth(app.alice())
            .json(&json!({}))
    };
    let video = http2.answer(post()).await.expect(201)["video"].clone();
    http2.answer(post()).await.expect_problem(429, "rate_limited");
    let long = client.get(format!("{url}/v1/videos?cursor={}", "x".repeat(9000)));
    http2.answer(long).await.expect_problem(414, "invalid_request");
    let large = client
        .get(format!("{url}/livez"))
        .header("x-a", "b".repeat(15_000));
    let large = large
        .header("x-b", "b".repeat(15_000))
        .header("x-c", "b".repeat(10_000));
    http2.answer(large).await.expect_problem(431, "invalid_request");
    let events = format!("{url}{}", video["events_url"].as_str().unwrap());
    let mut of_two = http2.send(client.get(&events)).await.into_body();
    let mut of_one = client.get(&events).send().await.unwrap();
    assert!(of_one.chunk().await.unwrap().is_some());
    assert!(of_two.frame().await.unwrap().unwrap().is_data());
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
    let title = json!({"title": "another"});
    app.send(Method::PATCH, &path, Some(&app.alice()), Some(&title))
        .await
        .expect(200);
    let next = async {
        let one = of_one.chunk().await.unwrap().unwrap();
        let two = of_two.frame().await.unwrap().unwrap().into_data().unwrap();
        [one, two].map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    for event in tokio::time::timeout(Duration::from_secs(3), next).await.unwrap() {
        assert!(event.contains("another"), "{event}");
    }
}

on_both! {
    async fn an_owner_has_at_most_so_many_open_uploads_however_many_begin_at_once(db: Db) {
        let maps = crate::support::maps_without_a_rate();
        let more = [
            ("VIDEO_UPLOADS__MAX_OPEN_PER_OWNER", "5"),
            ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0"),
            ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
        ];
        let one = TestApp::with(db, &more).await;
        let two = one.replica().await;
        let racers = (0..100).map(async |number: u32| loop {
            let answer = begin(if number.is_multiple_of(2) { &one } else { &two }, "alice").await;
            // So many at once may be too many for this machine.
            if answer.status != 503 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        });
        let answers = futures::future::join_all(racers).await;
        let begun: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(begun.len(), 5);
        for refused in answers.iter().filter(|answer| answer.status != 201) {
            refused.expect_problem(429, "too_many_open_uploads");
        }
        assert_eq!(one.mux.asked("POST").len(), 5, "who is refused asks no provider");
        begin(&two, "bob").await.expect(201);
        // One that is called off makes room for one.
        let id = begun[0].json()["video"]["id"].as_str().unwrap().to_owned();
        one.post(&one.alice(), &format!("/v1/videos/{id}/cancel"), &json!({})).await.expect(200);
        begin(&two, "alice").await.expect(201);
        begin(&one, "alice").await.expect_problem(429, "too_many_open_uploads");
        // So does one that is to be deleted, and one whose file has come.
        let path = format!("/v1/videos/{}", begun[1].json()["video"]["id"].as_str().unwrap());
        one.send(Method::DELETE, &path, Some(&one.alice()), None).await.expect(202);
        let ids = Ids::of(&begun[2].json()["video"]);
        for event in &ids.usual("signed", one.clock.now())[..2] {
            one.event(event).await.expect(200);
        }
        one.settle().await;
        begin(&two, "alice").await.expect(201);
        begin(&two, "alice").await.expect(201);
        begin(&one, "alice").await.expect_problem(429, "too_many_open_uploads");
        // And all of them when their addresses have expired.
        one.clock.advance(chrono::Duration::seconds(3_601));
        begin(&one, "alice").await.expect(201);
    }
}

on_both! {
    async fn a_repetition_is_no_second_open_upload(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__MAX_OPEN_PER_OWNER", "1")]).await;
        let keyed = async |key: &str| {
            let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
            answer(request.header("idempotency-key", key).json(&json!({}))).await
        };
        let first = keyed("one").await.expect(201);
        assert_eq!(keyed("one").await.expect(201), first);
        keyed("two").await.expect_problem(429, "too_many_open_uploads");
        let path = format!("/v1/videos/{}/cancel", first["video"]["id"].as_str().unwrap());
        app.post(&app.alice(), &path, &json!({})).await.expect(200);
        // The refusal has freed the key.
        keyed("two").await.expect(201);
    }
}
