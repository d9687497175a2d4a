//! Scripts that run Mux's official clients.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

use super::Provider;

/// What a script needs to know of a provider.
pub(crate) fn task(provider: &Provider, clip: &Path) -> Value {
    json!({
        "base": provider.base,
        "token": provider.credential("VIDEO_LOCAL_TOKEN"),
        "secret": provider.credential("VIDEO_LOCAL_SECRET"),
        "webhook_secret": provider.credential("VIDEO_LOCAL_WEBHOOK_SECRET"),
        "signing_key": provider.credential("VIDEO_LOCAL_SIGNING_KEY"),
        "private_key": provider.credential("VIDEO_LOCAL_PRIVATE_KEY"),
        "received": format!("{}/received", provider.inbox.url),
        "clip": clip,
    })
}

/// Runs a script of `tests/local/node` with its task; what it says goes into the failure.
pub(crate) async fn run(script: &str, task: &Value) {
    run_with(script, task, &BTreeMap::new()).await;
}

/// The same with further variables.
pub(crate) async fn run_with(script: &str, task: &Value, env: &BTreeMap<String, String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/local/node");
    assert!(
        folder.join("node_modules").is_dir(),
        "Mux's clients are not installed: run `npm ci` in tests/local/node (tests/run does it)"
    );
    let mut child = Command::new("node")
        .arg(script)
        .envs(env)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node must be installed");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(task.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let out = child.wait_with_output().await.unwrap();
    let said = [out.stdout, out.stderr].concat();
    assert!(
        out.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&said)
    );
}
