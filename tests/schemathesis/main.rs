//! Requests that schemathesis makes from the OpenAPI document, sent to the real binary on SQLite with the built-in
//! provider: no 5xx that is not documented, no undocumented status, header or body.
//!
//! A few hundred requests by default. The long form, several thousand:
//! `SCHEMATHESIS_EXAMPLES=100 tests/run --test schemathesis --no-capture`. A failure prints the request as a curl
//! command. `SCHEMATHESIS_SEED` repeats a run.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up should fail loudly"
)]

mod service;
mod tool;

use service::Service;

/// A value from the environment, else the bounded form's.
fn form(name: &str, bounded: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| bounded.to_owned())
}

#[test]
fn generated_requests_meet_no_answer_that_the_document_does_not_have() {
    let service = Service::start();
    let report = service.folder().join("report.json");
    let run = tool::schemathesis()
        .arg("--config-file")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/schemathesis/schemathesis.toml"
        ))
        .args([
            "run",
            "--checks",
            "all",
            "--continue-on-failure",
            "--workers",
            "1",
        ])
        .args(["--max-examples", &form("SCHEMATHESIS_EXAMPLES", "8")])
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
        .env("VIDEO_TEST_TOKEN", service.token())
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
    let log = service.log();
    assert!(
        !log.contains("panicked") && !log.contains("a request failed"),
        "{log}"
    );
}
