//! The client package, as applications use it: in two browsers, from another origin, against every kind of provider.
//!
//! Each test runs one script of `node/`, which tells by its exit code whether what it claims holds.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod clips;
mod service;

use crate::clips::Clips;
use crate::service::{Service, free_port, run};

const WEBHOOK_SECRET: &str = "what the fake providers sign with";

#[test]
fn in_chromium_one_page_uploads_and_plays_with_every_provider() {
    one_page_with_every_provider("chromium");
}

#[test]
fn in_firefox_one_page_uploads_and_plays_with_every_provider() {
    one_page_with_every_provider("firefox");
}

#[test]
fn the_transfer_speaks_every_protocol() {
    run("protocols.mjs", &[]);
}

#[test]
fn uploads_go_on_after_a_reload_and_wait_for_their_turn() {
    run("uploads.mjs", &[]);
}

#[test]
fn in_chromium_the_elements_work_by_keyboard_and_in_every_shape() {
    elements("chromium");
}

#[test]
fn in_firefox_the_elements_work_by_keyboard_and_in_every_shape() {
    elements("firefox");
}

#[test]
fn in_chromium_a_video_that_is_replaced_plays_to_its_end() {
    replaced_while_watched("chromium");
}

#[test]
fn in_firefox_a_video_that_is_replaced_plays_to_its_end() {
    replaced_while_watched("firefox");
}

#[test]
fn the_player_mends_what_is_not_as_it_should_be() {
    let wide = Clips::make();
    wide.stream("320x180");
    run("player.mjs", &[("WIDE", &wide.path(""))]);
}

#[test]
fn the_package_is_what_it_says_and_applications_are_built_with_it() {
    let service = Service::start(&[]);
    run(
        "package.mjs",
        &[
            ("URL", &service.url()),
            ("CARGO_VERSION", env!("CARGO_PKG_VERSION")),
            ("EXAMPLES", concat!(env!("CARGO_MANIFEST_DIR"), "/examples")),
        ],
    );
}

fn replaced_while_watched(browser: &str) {
    let clips = Clips::make();
    clips.upload(0);
    clips.other();
    let service = Service::start(&[]);
    run(
        "replaced.mjs",
        &[
            ("URL", &service.url()),
            ("TOKEN", &service.token("ana")),
            ("BROWSER", browser),
            ("CLIP", &clips.path("clip.mp4")),
            ("OTHER", &clips.path("other.mp4")),
        ],
    );
}

fn elements(browser: &str) {
    let [wide, tall, square] = ["320x180", "180x320", "240x240"].map(|size| {
        let clips = Clips::make();
        clips.stream(size);
        clips
    });
    run(
        "elements.mjs",
        &[
            ("BROWSER", browser),
            ("WIDE", &wide.path("")),
            ("TALL", &tall.path("")),
            ("SQUARE", &square.path("")),
        ],
    );
}

/// One service with the shipped maps of three providers and `local`, and one page that knows none of them.
fn one_page_with_every_provider(browser: &str) {
    let clips = Clips::make();
    clips.upload(18 << 20);
    clips.stream("320x180");
    clips.keys();
    let [fake, fake_wire, local_wire] = [(); 3].map(|()| free_port().to_string());
    let asked = |path: &str| format!("http://127.0.0.1:{fake}{path}");
    let outer = |path: &str| format!("http://127.0.0.1:{fake_wire}{path}");
    let key = std::fs::read_to_string(clips.path("private.pem")).unwrap();
    let maps = smaller_pieces(&clips);
    let settings = [
        ("VIDEO_PROVIDERS__DIR", maps),
        (
            "VIDEO_PROVIDERS__ENABLED",
            "local,mux,cloudflare_stream,api_video".to_owned(),
        ),
        (
            "VIDEO_LOCAL__PUBLIC_URL",
            format!("http://127.0.0.1:{local_wire}/local"),
        ),
        ("VIDEO_MUX_API", asked("")),
        ("VIDEO_MUX_STREAM", outer("/muxplay")),
        ("VIDEO_MUX_IMAGE", outer("/muxplay")),
        ("VIDEO_CDN_TOKEN", "id".to_owned()),
        ("VIDEO_CDN_SECRET", "secret".to_owned()),
        ("VIDEO_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ("VIDEO_SIGNING_KEY", "key".to_owned()),
        ("VIDEO_PRIVATE_KEY", key.clone()),
        ("VIDEO_CLOUDFLARE_API", asked("")),
        ("VIDEO_CLOUDFLARE_DELIVERY", outer("/cloudflare")),
        ("VIDEO_CLOUDFLARE_ACCOUNT", "account".to_owned()),
        ("VIDEO_CLOUDFLARE_TOKEN", "token".to_owned()),
        ("VIDEO_CLOUDFLARE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ("VIDEO_CLOUDFLARE_SIGNING_KEY", "key".to_owned()),
        ("VIDEO_CLOUDFLARE_PRIVATE_KEY", key),
        ("VIDEO_API_VIDEO_API", outer("")),
        ("VIDEO_API_VIDEO_VOD", outer("/apivideo")),
        ("VIDEO_API_VIDEO_EMBED", outer("/embed")),
        ("VIDEO_API_VIDEO_KEY", "key".to_owned()),
        ("VIDEO_API_VIDEO_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
    ];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let service = Service::start(&settings);
    run(
        "journey.mjs",
        &[
            ("URL", &service.url()),
            ("TOKEN", &service.token("ana")),
            ("BROWSER", browser),
            ("CLIP", &clips.path("clip.mp4")),
            ("FILES", &clips.path("")),
            ("FAKE_PORT", &fake),
            ("FAKE_WIRE", &fake_wire),
            ("LOCAL_WIRE", &local_wire),
            ("SECRET", WEBHOOK_SECRET),
            ("PUBLIC_KEY", &clips.path("public.pem")),
        ],
    );
}

/// The shipped maps in a folder of their own; those that send large pieces send smaller ones.
fn smaller_pieces(clips: &Clips) -> String {
    let folder = clips.path("maps");
    std::fs::create_dir(&folder).unwrap();
    for name in ["cloudflare_stream", "api_video"] {
        let map = std::fs::read_to_string(format!("config/providers/{name}.toml")).unwrap();
        assert!(map.contains("default = 52428800"), "{name}.toml");
        let smaller = map.replace("default = 52428800", "default = 5242880");
        std::fs::write(format!("{folder}/{name}.toml"), smaller).unwrap();
    }
    folder
}
