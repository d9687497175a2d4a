//! Spans and lines of the real program, with a collector that takes its spans and a provider that sees its calls.

use std::time::Duration;

use http::HeaderMap;
use serde_json::json;
use tokio::time::{Instant, sleep};
use yourbit_video::clock::Clock;

use crate::support::collector::{Collector, Span};
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::Ids;
use crate::support::program::{CALLER, OTHER_TRACE, Program};
use crate::support::receiver::Receiver;
use crate::support::{Db, WEBHOOK_SECRET};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traceparent(headers: &HeaderMap) -> (String, String) {
    let text = headers["traceparent"].to_str().unwrap();
    let parts: Vec<&str> = text.split('-').collect();
    (parts[1].to_owned(), parts[2].to_owned())
}

#[track_caller]
fn one<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {spans:#?}");
    found[0]
}

on_both! {
    async fn a_trace_goes_from_the_caller_through_us_to_the_provider_and_to_the_collector(db: Db) {
        let (database, mux, collector) = (TestDatabase::make(db).await, FakeMux::start().await, Collector::start().await);
        let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str())];
        let mut program = Program::start(&database.url, &mux, &endpoint).await;
        let video = program.upload(TRACE).await.expect(201)["video"].clone();
        let (trace, caller_of_mux) = traceparent(&mux.requests()[0].headers);
        assert_eq!(trace, TRACE);
        let ids = Ids::of(&video);
        let arrived = ids.asset_event("created", "preparing", "signed", Clock::system().now());
        program.event(&arrived).await.expect(200);
        program.wait_for(async |program| (program.status(&video).await == "preparing").then_some(())).await;
        let line = program.line("/v1/uploads").await;
        program.stop().await;

        let spans = collector.spans();
        let upload = one(&spans, "POST /v1/uploads");
        assert_eq!((upload.trace_id.as_str(), upload.parent_id.as_str()), (TRACE, CALLER));
        assert_eq!(upload.service, "yourbit-video");
        assert_eq!(upload.get("video.id"), video["id"]);
        assert_eq!(upload.get("http.route"), "/v1/uploads");
        assert_eq!(upload.get("http.response.status_code"), "201");
        let call = one(&spans, "mux upload.steps.1");
        assert_eq!((call.trace_id.as_str(), call.parent_id.as_str()), (TRACE, upload.span_id.as_str()));
        assert_eq!(call.span_id, caller_of_mux, "the provider is told of another span");
        assert_eq!(call.get("server.address"), "127.0.0.1");

        let webhook = one(&spans, "POST /v1/webhooks/{provider}");
        assert_eq!(webhook.trace_id, OTHER_TRACE);
        assert_eq!(webhook.get("video.id"), video["id"]);
        let event = webhook.get("event.id");
        assert_eq!(event.len(), 36, "{webhook:?}");
        let applied: Vec<&Span> = spans.iter().filter(|span| span.name == "apply event").collect();
        assert_eq!(applied.len(), 1, "{spans:#?}");
        assert_eq!((applied[0].get("event.id"), applied[0].get("event.state")), (event, "applied"));
        assert_eq!(applied[0].get("video.id"), video["id"]);

        assert_eq!(line["trace_id"], TRACE);
        assert_eq!(line["video.id"], video["id"]);
        assert_eq!(line["status"], 201);
        assert!(line["latency_ms"].as_f64().unwrap() > 0.0, "{line}");
        assert_eq!(line["request.id"].as_str().unwrap().len(), 24);
        let told = format!("{}{spans:?}", program.log.lock().unwrap());
        for secret in ["signature=abc", "Bearer", "token-secret", WEBHOOK_SECRET, "eyJ"] {
            assert!(!told.contains(secret), "{secret} is told: {told}");
        }
    }
}

on_both! {
    async fn jobs_have_spans_of_their_own_and_their_calls_belong_to_them(db: Db) {
        let (database, mux, collector) = (TestDatabase::make(db).await, FakeMux::start().await, Collector::start().await);
        let receiver = Receiver::start().await;
        let mut settings = receiver.settings();
        settings.extend([
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
            ("VIDEO_RECONCILE__FIRST_AFTER_S", "1"),
            ("VIDEO_RECONCILE__INTERVAL_S", "1"),
        ]);
        let mut program = Program::start(&database.url, &mux, &settings).await;
        let video = program.upload(TRACE).await.expect(201)["video"].clone();
        program.wait_for(async |_| (!mux.asked("GET").is_empty()).then_some(())).await;
        let ids = Ids::of(&video);
        program.event(&ids.asset_event("ready", "ready", "signed", Clock::system().now())).await.expect(200);
        program.wait_for(async |_| (!receiver.deliveries().is_empty()).then_some(())).await;
        let unknown = Ids { upload: "elsewhere".into(), video: "0199aaaa-0000-7000-8000-000000000000".into(), ..ids };
        program.event(&unknown.upload_event("created", "waiting", Clock::system().now())).await.expect(200);
        sleep(Duration::from_secs(1)).await;
        program.stop().await;
        let spans = collector.spans();
        let asked = spans.iter().find(|span| span.name == "mux upload.get").unwrap();
        let look = spans.iter().find(|span| span.span_id == asked.parent_id).unwrap();
        assert_eq!((look.name.as_str(), look.get("video.id")), ("reconcile video", video["id"].as_str().unwrap()));
        assert_ne!(look.trace_id, TRACE);
        let parked = spans.iter().find(|span| span.get("event.state") == "parked").unwrap();
        // There may be another one: of an event whose video somebody else held when it came in.
        let applying = spans.iter().find(|span| span.span_id == parked.parent_id).unwrap();
        assert_eq!(applying.name, "inbox apply");
        let sent = one(&spans, "outbox send");
        assert_eq!((sent.get("video.id"), sent.get("http.response.status_code")), (video["id"].as_str().unwrap(), "204"));
        assert_eq!(sent.get("event.id").len(), 36);
        assert!(!format!("{spans:?}").contains("hidden"), "{spans:?}");
    }
}

on_both! {
    async fn a_failed_call_is_an_error_in_span_and_line_with_host_and_cause(db: Db) {
        let (database, mux, collector) = (TestDatabase::make(db).await, FakeMux::start().await, Collector::start().await);
        // Nobody listens there.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let api = format!("http://{gone}");
        let settings = [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*format!("{}/v1/traces", collector.url)),
            ("OTEL_SERVICE_NAME", "videos"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=video"),
            ("VIDEO_MUX_API", api.as_str()),
        ];
        let mut program = Program::start(&database.url, &mux, &settings).await;
        program.upload(TRACE).await.expect_problem(502, "provider_unavailable");
        let failed = async |program: &Program| {
            let lines = program.lines();
            lines.into_iter().find(|line| line["message"] == "a call to the provider failed")
        };
        let line = program.wait_for(failed).await;
        program.stop().await;
        assert_eq!((&line["host"], &line["provider"], &line["action"]), (&json!("127.0.0.1"), &json!("mux"), &json!("upload.steps.1")));
        assert!(line["error"].as_str().unwrap().contains("Connection refused"), "{line}");
        let spans = collector.spans();
        let (request, call) = (one(&spans, "POST /v1/uploads"), one(&spans, "mux upload.steps.1"));
        assert_eq!((request.status, call.status, call.get("error.type")), (2, 2, "outage"));
        assert_eq!(request.service, "videos");
        assert_eq!((&*request.about["deployment.environment.name"], &*request.about["x-team"]), ("trial", "video"));
    }
}

#[tokio::test]
async fn a_sampler_that_takes_nothing_sends_nothing_and_the_provider_is_told_so() {
    let (database, mux) = (TestDatabase::make(Db::Sqlite).await, FakeMux::start().await);
    let collector = Collector::start().await;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ];
    let mut program = Program::start(&database.url, &mux, &settings).await;
    program.upload(TRACE).await.expect(201);
    let told = mux.requests()[0].headers["traceparent"].clone();
    assert!(
        told.to_str().unwrap().starts_with(&format!("00-{TRACE}-")),
        "{told:?}"
    );
    assert!(told.to_str().unwrap().ends_with("-00"), "{told:?}");
    program.stop().await;
    assert!(collector.spans().is_empty());
}

#[tokio::test]
async fn a_collector_that_is_gone_is_said_once_and_holds_up_nothing() {
    let (database, mux) = (TestDatabase::make(Db::Sqlite).await, FakeMux::start().await);
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://who:hidden@{gone}");
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ];
    let mut program = Program::start(&database.url, &mux, &settings).await;
    let said = |program: &Program| {
        let lines = program.lines();
        let about = lines
            .into_iter()
            .filter(|line| line["message"] == "the collector takes no spans");
        about.collect::<Vec<_>>()
    };
    for _ in 0..3 {
        program.upload(TRACE).await.expect(201);
        program
            .wait_for(async |program| (!said(program).is_empty()).then_some(()))
            .await;
    }
    let begun = Instant::now();
    program.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    let said = said(&program);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["host"], gone.to_string());
    assert!(!program.log.lock().unwrap().contains("hidden"));
}

on_both! {
    async fn without_a_collector_the_callers_trace_is_passed_on_and_logged(db: Db) {
        let (database, mux, collector) = (TestDatabase::make(db).await, FakeMux::start().await, Collector::start().await);
        let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()), ("OTEL_SDK_DISABLED", "true")];
        let mut program = Program::start(&database.url, &mux, &off).await;
        program.upload(TRACE).await.expect(201);
        assert_eq!(traceparent(&mux.requests()[0].headers), (TRACE.to_owned(), CALLER.to_owned()));
        assert_eq!(program.line("/v1/uploads").await["trace_id"], TRACE);
        program.stop().await;
        assert!(collector.spans().is_empty());
    }
}
