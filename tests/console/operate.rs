//! The pages of those who run the service: one video of each form, events and their replays, health, setup.

use std::process::Command;

use tempfile::TempDir;

use crate::service::{Service, free_port};

/// Signs callers' tokens.
const SECRET: &str = "a secret of the tests with more than 32 bytes";
/// Signs the webhooks of the second provider, which the script plays.
const WEBHOOK_SECRET: &str = "secret of the second provider's webhooks";
/// Signs outgoing events.
const EVENT_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Makes a video of eight seconds with sound.
fn make_video(folder: &TempDir, size: &str, name: &str) -> String {
    let picture = format!("testsrc2=size={size}:rate=25");
    let path = folder.path().join(name).display().to_string();
    let coded = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "50",
    ];
    ffmpeg(
        &[
            &[
                "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", "sine=440", "-t", "8", "-c:a", "aac",
            ],
            &coded[..],
            &[&path],
        ]
        .concat(),
    );
    path
}

/// Makes a video of eight seconds with two sounds, of 440 Hz in English and of 880 Hz in German.
fn make_two_sounds(folder: &TempDir) -> String {
    let path = folder.path().join("two-sounds.mp4").display().to_string();
    let inputs = "-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine=440 -f lavfi -i sine=880 -map 0 -map 1 -map 2 -t 8 \
        -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger";
    let args: Vec<&str> = inputs.split_whitespace().chain([&*path]).collect();
    ffmpeg(&args);
    path
}

/// Makes eight seconds of sound.
fn make_sound(folder: &TempDir) -> String {
    let path = folder.path().join("sound.m4a").display().to_string();
    ffmpeg(&["-f", "lavfi", "-i", "sine=440", "-t", "8", "-c:a", "aac", &path]);
    path
}

fn ffmpeg(args: &[&str]) {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(args)
        .output()
        .expect("ffmpeg is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Runs a script in one browser, against a service with two providers and an endpoint that the script plays.
fn run(script: &str, browser: &str) {
    let folder = TempDir::new().unwrap();
    let (tall, four) = (
        make_video(&folder, "360x640", "tall.mp4"),
        make_video(&folder, "480x360", "four.mp4"),
    );
    let (sound, two_sounds) = (make_sound(&folder), make_two_sounds(&folder));
    let hook = free_port().to_string();
    let endpoint = format!("[\"http://127.0.0.1:{hook}/events?key=hidden-key\"]");
    let service = Service::start(&[
        ("VIDEO_AUTH__JWT_SECRET", SECRET),
        ("VIDEO_PROVIDERS__ENABLED", "local,mux"),
        ("VIDEO_PROVIDERS__DEFAULT", "local"),
        ("VIDEO_CDN_TOKEN", "token-of-the-second-provider"),
        ("VIDEO_CDN_SECRET", "secret-of-the-second-provider"),
        ("VIDEO_WEBHOOK_SECRET", WEBHOOK_SECRET),
        // Nothing listens there: nothing is asked of it.
        ("VIDEO_MUX_API", "http://127.0.0.1:9"),
        ("VIDEO_EVENTS__ENDPOINTS", &endpoint),
        ("VIDEO_EVENTS__ALLOW_PRIVATE", "true"),
        ("VIDEO_EVENTS__SECRETS", EVENT_SECRET),
    ]);
    service.run(
        script,
        &[
            ("BROWSERS", browser),
            ("SECRET", SECRET),
            ("WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("EVENT_SECRET", EVENT_SECRET),
            ("HOOK_PORT", &hook),
            ("TALL", &tall),
            ("FOUR", &four),
            ("SOUND", &sound),
            ("TWO_SOUNDS", &two_sounds),
        ],
    );
}

#[test]
fn a_video_is_seen_and_changed_in_chromium() {
    run("operate_video.mjs", "chromium");
}

#[test]
fn a_video_is_seen_and_changed_in_firefox() {
    run("operate_video.mjs", "firefox");
}

#[test]
fn those_who_run_it_see_what_happened_and_mend_it_in_chromium() {
    run("operate.mjs", "chromium");
}

#[test]
fn those_who_run_it_see_what_happened_and_mend_it_in_firefox() {
    run("operate.mjs", "firefox");
}

#[test]
fn files_are_made_and_a_file_is_replaced_in_chromium() {
    run("files.mjs", "chromium");
}

#[test]
fn captions_are_added_shown_and_deleted_and_sounds_are_chosen_in_chromium() {
    run("tracks.mjs", "chromium");
}
