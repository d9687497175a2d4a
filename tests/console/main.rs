//! The console page in a real browser, against the real program: claims that only the two together can show.
//!
//! Each test starts the program with folders of its own and runs one script of `node/`, which drives headless Chromium,
//! or Chromium and Firefox one after the other, and tells by its exit code whether what it claims holds. Pictures go to
//! `target/console-screenshots/`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod clip;
mod nginx;
mod operate;
mod service;

use crate::clip::Clips;
use crate::nginx::Nginx;
use crate::service::{Service, free_port};

#[test]
fn from_an_empty_database_to_a_video_that_plays_and_to_its_end() {
    let clips = Clips::make();
    let service = Service::start(&[]);
    let colours = serde_json::to_string(&clip::COLOURS).unwrap();
    service.run(
        "journey.mjs",
        &[("CLIP", &clips.path("clip.mp4")), ("COLOURS", &colours)],
    );
}

#[test]
fn what_comes_in_between_is_told_and_mended() {
    let clips = Clips::make();
    let wire = free_port().to_string();
    let service = Service::start(&[
        ("VIDEO_AUTH__JWT_SECRET", SECRET),
        (
            "VIDEO_LOCAL__PUBLIC_URL",
            &format!("http://127.0.0.1:{wire}/local"),
        ),
    ]);
    let token = service.token("ana");
    service.run(
        "interrupted.mjs",
        &[
            ("CLIP", &clips.path("clip.mp4")),
            ("LARGE", &clips.padded("large.mp4", 40 << 20)),
            ("TOKEN", &token),
            ("WIRE_PORT", &wire),
        ],
    );
}

#[test]
fn the_same_page_uploads_by_tus() {
    with_provider(
        "cloudflare_stream",
        &[
            ("VIDEO_CLOUDFLARE_API", ""),
            ("VIDEO_CLOUDFLARE_DELIVERY", "/delivery"),
        ],
        &[
            ("VIDEO_CLOUDFLARE_ACCOUNT", "account"),
            ("VIDEO_CLOUDFLARE_TOKEN", "token"),
            ("VIDEO_CLOUDFLARE_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("VIDEO_CLOUDFLARE_SIGNING_KEY", ""),
            ("VIDEO_CLOUDFLARE_PRIVATE_KEY", ""),
        ],
    );
}

#[test]
fn the_same_page_uploads_by_forms() {
    with_provider(
        "api_video",
        &[
            ("VIDEO_API_VIDEO_API", ""),
            ("VIDEO_API_VIDEO_VOD", "/delivery"),
            ("VIDEO_API_VIDEO_EMBED", "/embed"),
        ],
        &[
            ("VIDEO_API_VIDEO_KEY", "key"),
            ("VIDEO_API_VIDEO_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ],
    );
}

#[test]
fn two_hundred_videos_are_found_changed_and_followed_in_chromium() {
    two_hundred_videos("chromium");
}

#[test]
fn two_hundred_videos_are_found_changed_and_followed_in_firefox() {
    two_hundred_videos("firefox");
}

fn two_hundred_videos(browser: &str) {
    let clips = Clips::make();
    clips.forms();
    let service = Service::start(&[
        ("VIDEO_AUTH__JWT_SECRET", SECRET),
        ("VIDEO_LOCAL__MAX_OPEN_UPLOADS_PER_OWNER", "1000"),
        ("VIDEO_UPLOADS__PER_OWNER_PER_MIN", "0"),
    ]);
    service.run(
        "videos.mjs",
        &[
            ("BROWSERS", browser),
            ("SECRET", SECRET),
            ("TALL", &clips.path("tall.mp4")),
            ("FOUR", &clips.path("four.mp4")),
            ("SOUND", &clips.path("sound.m4a")),
        ],
    );
}

#[test]
fn an_upload_goes_on_after_a_cut_line_and_a_reload_in_both_browsers() {
    let clips = Clips::make();
    let wire = free_port().to_string();
    let service = Service::start(&[
        ("VIDEO_AUTH__JWT_SECRET", SECRET),
        (
            "VIDEO_LOCAL__PUBLIC_URL",
            &format!("http://127.0.0.1:{wire}/local"),
        ),
    ]);
    service.run(
        "resume.mjs",
        &[
            ("SECRET", SECRET),
            ("LARGE", &clips.padded("large.mp4", 24 << 20)),
            ("WIRE_PORT", &wire),
        ],
    );
}

#[test]
fn the_first_view_on_a_slow_line_takes_few_requests() {
    Service::start(&[]).run("slow.mjs", &[]);
}

#[test]
fn the_page_is_guarded() {
    Service::start(&[]).run("guard.mjs", &[]);
}

#[test]
fn the_documents_are_rendered_without_any_other_host() {
    let service = Service::start(&[]);
    let token = service.token("ana");
    service.run("docs.mjs", &[("TOKEN", &token)]);
}

#[test]
fn behind_the_shortest_configuration_of_nginx_development_mode_answers_nobody() {
    let service = Service::start(&[]);
    let proxy = format!("location / {{ proxy_pass http://127.0.0.1:{}; }}", service.port());
    if let Some(nginx) = Nginx::start(&proxy) {
        service.run("proxied.mjs", &[("PROXY", &nginx.url()), ("WANTED", "403")]);
    }
}

#[test]
fn a_proxy_that_nothing_tells_of_gets_no_token() {
    let service = Service::start(&[]);
    // What nginx sends from 1.29.7 on, and the host of whoever asks, or one that is always right.
    for host in ["$host", "$http_host", "localhost"] {
        let proxy = format!(
            "location / {{ proxy_pass http://127.0.0.1:{}; proxy_http_version 1.1; proxy_set_header Connection \"\"; \
             proxy_set_header Host {host}; }}",
            service.port()
        );
        if let Some(nginx) = Nginx::start(&proxy) {
            service.run("proxied.mjs", &[("PROXY", &nginx.url()), ("WANTED", "200")]);
        }
    }
}

#[test]
fn below_a_path_everything_works_from_the_file_to_the_picture() {
    let (clips, outer) = (Clips::make(), free_port());
    let public = format!("http://127.0.0.1:{outer}/video");
    let service = Service::start(&[
        ("VIDEO_AUTH__JWT_SECRET", SECRET),
        ("VIDEO_HTTP__PUBLIC_URL", &public),
        ("VIDEO_HTTP__TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    let token = service.token("ana");
    let proxy = format!(
        "location /video/ {{ proxy_pass http://127.0.0.1:{}/; }}",
        service.port()
    );
    if let Some(_nginx) = Nginx::start_on(outer, &proxy) {
        service.run(
            "below.mjs",
            &[
                ("PUBLIC", &public),
                ("TOKEN", &token),
                ("CLIP", &clips.path("clip.mp4")),
            ],
        );
    }
}

#[test]
fn a_frontend_on_another_port_uploads_and_plays_in_development_mode() {
    let clips = Clips::make();
    Service::start(&[]).run("frontend.mjs", &[("CLIP", &clips.path("clip.mp4"))]);
}

#[test]
fn the_link_of_the_start_signs_in_and_leaves_the_address() {
    let service = Service::start(&[]);
    let token = service.token("ana");
    service.run("link.mjs", &[("TOKEN", &token)]);
}

#[test]
fn the_page_offers_what_the_token_may_do_and_no_more() {
    let clips = Clips::make();
    let service = Service::start(&[("VIDEO_AUTH__JWT_SECRET", SECRET)]);
    let with = |args: &[&str]| service.token_with("ana", args);
    service.run(
        "rights.mjs",
        &[
            ("CLIP", &clips.path("clip.mp4")),
            ("OWN", &service.token("ana")),
            (
                "UPLOAD",
                &with(&[
                    "--scope",
                    "video:upload",
                    "--max-bytes",
                    "100",
                    "--max-duration",
                    "90s",
                ]),
            ),
            ("READ", &with(&["--scope", "video:read"])),
            ("PLAY", &with(&["--scope", "video:play"])),
        ],
    );
}

/// What tokens are signed with.
const SECRET: &str = "a secret of the tests with more than 32 bytes";
const WEBHOOK_SECRET: &str = "what the fake providers sign with";

/// Runs the page against a fake of a provider by its shipped map, with smaller pieces. `addresses`: variables that are
/// paths at the fake.
fn with_provider(name: &str, addresses: &[(&str, &str)], more: &[(&str, &str)]) {
    let clips = Clips::make();
    clips.stream();
    let fake = free_port().to_string();
    let maps = clips.path("maps");
    let map = std::fs::read_to_string(format!("config/providers/{name}.toml")).unwrap();
    assert!(map.contains("default = 52428800"), "{name}.toml");
    std::fs::create_dir(&maps).unwrap();
    let smaller = map.replace("default = 52428800", "default = 5242880");
    std::fs::write(format!("{maps}/{name}.toml"), smaller).unwrap();

    let mut settings: Vec<(&str, String)> = addresses
        .iter()
        .map(|(variable, path)| (*variable, format!("http://127.0.0.1:{fake}{path}")))
        .chain(
            more.iter()
                .map(|(variable, value)| (*variable, (*value).to_owned())),
        )
        .collect();
    settings.extend([
        ("VIDEO_PROVIDERS__DIR", maps),
        ("VIDEO_PROVIDERS__DEFAULT", name.to_owned()),
        ("VIDEO_PROVIDERS__ENABLED", name.to_owned()),
        ("VIDEO_UPLOADS__PLAYBACK_POLICY", "public".to_owned()),
    ]);
    let settings: Vec<(&str, &str)> = settings.iter().map(|(k, v)| (*k, v.as_str())).collect();
    Service::start(&settings).run(
        "providers.mjs",
        &[
            ("PROVIDER", name),
            ("CLIP", &clips.path("clip.mp4")),
            ("PADDED", &clips.padded("padded.mp4", 12 << 20)),
            ("FILES", &clips.path("")),
            ("FAKE_PORT", &fake),
            ("SECRET", WEBHOOK_SECRET),
        ],
    );
}
