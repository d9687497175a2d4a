//! What a player decodes.

use tokio::process::Command;

/// The hash of each frame that ffmpeg decodes of the largest picture of a file or address, in order.
pub(crate) async fn frame_hashes(input: &str) -> Vec<String> {
    let out = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i", input])
        // Why passed through: no frame is doubled or dropped to keep a rate.
        .args(["-an", "-sn", "-dn", "-fps_mode", "passthrough", "-f", "framemd5", "-"])
        .output()
        .await
        .expect("ffmpeg must be installed");
    assert!(
        out.status.success(),
        "{input}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8(out.stdout).unwrap();
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    frames
        .map(|line| line.rsplit(',').next().unwrap().trim().to_owned())
        .collect()
}
