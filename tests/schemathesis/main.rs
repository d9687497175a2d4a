//! Requests that schemathesis makes from the OpenAPI document, sent to the real binary on SQLite with the built-in
//! provider: no 5xx, no undocumented status, header or body. Nearly all of them carry a token that may do everything.
//!
//! More than two thousand requests in under a minute. A longer form, and another series:
//! `SCHEMATHESIS_EXAMPLES=500 SCHEMATHESIS_SEED=1 tests/run --test schemathesis --no-capture`. A failure prints the
//! request as a curl command.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up should fail loudly"
)]

mod ready;
mod service;
mod tool;

use serde_json::Value;
use service::Service;

/// Fewer requests prove nothing.
const AT_LEAST: u64 = 2000;

/// A value from the environment, else the bounded form's.
fn form(name: &str, bounded: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| bounded.to_owned())
}

#[test]
fn generated_requests_meet_no_answer_that_the_document_does_not_have() {
    let service = Service::start();
    let report = service.folder().join("report.json");
    let token = service.token();
    let ready = ready::video(&service.url, &token, service.folder());
    let run = tool::tool("schemathesis")
        .arg("--config-file")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/schemathesis/schemathesis.toml"
        ))
        .args([
            "run",
            "--checks",
            "all",
            // DELETE answers 202: the video is there, "deleting", until its provider has confirmed.
            "--exclude-checks",
            "use_after_free",
            "--continue-on-failure",
            "--workers",
            "1",
        ])
        .args(["--max-examples", &form("SCHEMATHESIS_EXAMPLES", "150")])
        .args(["--seed", &form("SCHEMATHESIS_SEED", "8")])
        .args([
            "--generation-database",
            "none",
            "--report",
            "json",
            "--report-json-path",
        ])
        .arg(&report)
        .arg(format!("{}/openapi.json", service.url))
        .env("VIDEO_TEST_TOKEN", token)
        .env("VIDEO_TEST_READY", ready)
        .current_dir(service.folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    println!("{said}");
    assert!(
        run.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let made = report["test_cases"]["generated"].as_u64();
    assert!(
        made.is_some_and(|made| made >= AT_LEAST),
        "{}",
        report["test_cases"]
    );
    assert_eq!(report["stop_reason"], "completed");
    let log = service.log();
    assert!(
        !log.contains("panicked") && !log.contains("a request failed"),
        "{log}"
    );
}

#[test]
fn the_document_is_openapi_3_1() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, yourbit_video::http::openapi_document()).unwrap();
    let run = tool::tool("openapi-spec-validator")
        .args(["--schema", "3.1"])
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}");
}
