//! The official `@mux/mux-node`, unchanged.

use crate::support::{Provider, clips, node};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_sdk_cannot_tell_us_from_mux() {
    let provider = Provider::start().await;
    node::run("sdk.mjs", &node::task(&provider, &clips::usual())).await;
}
