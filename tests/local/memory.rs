//! Memory while a large file comes.

use axum::body::Bytes;
use futures::{StreamExt, stream};
use serde_json::json;

use crate::support::child::Service;

/// Size of the file in MiB; `LOCAL_TEST_UPLOAD_MIB=2048` for the run that the README names.
fn mebibytes() -> usize {
    std::env::var("LOCAL_TEST_UPLOAD_MIB")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(256)
}

/// Resident memory of a process, in KiB.
fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_upload_does_not_grow_memory() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path()).await;
    let upload = service.api("POST", "/uploads", Some(json!({}))).await;
    let (process, total) = (service.id(), mebibytes() << 20);
    let idle = resident(process);
    let piece = Bytes::from(vec![0_u8; 1 << 20]);
    let body = stream::iter(0..mebibytes()).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
    let range = format!("bytes 0-{}/{total}", total - 1);
    let began = std::time::Instant::now();
    let sending = service.put(&upload, &range, reqwest::Body::wrap_stream(body));
    let mut most = idle;
    tokio::pin!(sending);
    let answer = loop {
        tokio::select! {
            answer = &mut sending => break answer.unwrap(),
            () = tokio::time::sleep(std::time::Duration::from_millis(20)) => most = most.max(resident(process)),
        }
    };
    assert_eq!(answer.status(), 200);
    let (took, grown) = (began.elapsed(), most.saturating_sub(idle));
    println!(
        "{} MiB in {took:?}; idle {idle} KiB, at most {grown} KiB more",
        mebibytes()
    );
    assert!(grown < 64 * 1024, "{grown} KiB above idle");
}
