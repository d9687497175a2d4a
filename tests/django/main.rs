//! The Django application of `examples/django`, run as its README says, with the real service behind it and a real
//! browser in front.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod django;
mod service;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::django::Django;
use crate::service::Service;

#[test]
fn a_user_of_a_django_application_sends_a_video_and_plays_it_and_no_other_user_sees_it() {
    let folder = TempDir::new().unwrap();
    let secrets = Secrets {
        tokens: "a secret of the tests with more than 32 bytes".to_owned(),
        events: "whsec_dGhpcnR5LXR3byBieXRlcyBvZiBhIHRlc3Qgc2VjcmV0".to_owned(),
    };
    let (app, port) = (free_port(), free_port());
    let _service = Service::start(folder.path(), port, app, &secrets);
    let app = Django::start(folder.path(), app, port, &secrets);
    app.add_user("ana");
    app.add_user("ben");
    let clip = make_clip(folder.path());
    let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/django/node");
    assert!(
        node.join("node_modules").is_dir(),
        "run npm ci in {} first, as tests/run does",
        node.display()
    );
    let outcome = Command::new("node")
        .arg("journey.mjs")
        .current_dir(node)
        .env("APP", app.url())
        .env("CLIP", clip)
        .env("EVENTS_SECRET", &secrets.events)
        .output()
        .expect("node is installed");
    assert!(
        outcome.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&outcome.stdout),
        String::from_utf8_lossy(&outcome.stderr)
    );
}

/// What both sides know.
struct Secrets {
    /// Signs tokens.
    tokens: String,
    /// Signs events.
    events: String,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Three seconds of picture and sound; returns the path.
fn make_clip(folder: &Path) -> String {
    let path = folder.join("clip.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi"])
        .args(["-i", "testsrc2=size=320x180:rate=25:duration=3", "-f", "lavfi"])
        .args(["-i", "sine=duration=3", "-pix_fmt", "yuv420p", "-shortest"])
        .arg(&path)
        .output()
        .expect("ffmpeg is needed: tests/run installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    path.display().to_string()
}
