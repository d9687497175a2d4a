//! The official `@mux/upchunk` in headless Chromium, and hls.js.

use crate::support::{Provider, browser, clips, node};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upchunk_uploads_through_a_cut_connection_and_the_video_plays() {
    let provider = Provider::start().await;
    let clip = clips::picture("browser.mp4", "1280x720", 30, 5);
    assert!(
        std::fs::metadata(&clip).unwrap().len() > 5 * 256 * 1024,
        "several chunks"
    );
    let mut task = node::task(&provider, &clip);
    task["chromium"] = browser::chromium().into();
    node::run("browser.mjs", &task).await;
}
