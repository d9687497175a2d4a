//! Captions in two languages and a second sound, as a viewer has them: in Chromium, by hls.js and by Mux's player.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Provider, browser, clips, node, playback_id, tracks::text_track};

/// Seconds of the video: three segments.
const SECONDS: u32 = 12;

/// A cue for most of each second, and one over the border of two segments.
fn cues(language: &str) -> Vec<(f64, f64, String)> {
    let each = (0..SECONDS).map(|second| {
        let start = f64::from(second) + 0.25;
        (start, start + 0.625, format!("{language} {second}"))
    });
    each.chain([(3.5, 5.5, format!("{language} across"))]).collect()
}

/// The cues as a WebVTT file.
fn webvtt(cues: &[(f64, f64, String)]) -> String {
    let mut file = "WEBVTT\n".to_owned();
    for (start, end, text) in cues {
        let _ = write!(file, "\n00:{start:06.3} --> 00:{end:06.3}\n{text}\n");
    }
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn players_show_the_right_cue_after_seeking_in_both_languages_and_play_the_second_sound() {
    let provider = Provider::start().await;
    let film = clips::made(
        "two-sounds.mp4",
        &format!(
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration={SECONDS} -f lavfi -i sine=frequency=440:duration={SECONDS} \
             -f lavfi -i sine=frequency=1320:duration={SECONDS} -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -g 50 \
             -pix_fmt yuv420p -c:a aac -ar 48000 -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger"
        ),
    );
    let asset = provider
        .ingest(&film, json!({ "playback_policies": ["public"] }))
        .await;
    let id = asset["id"].as_str().unwrap();
    let mut all = json!({});
    for (language, name) in [("en", "English"), ("de", "Deutsch")] {
        let cues = cues(language);
        let query = format!("language_code={language}&name={name}");
        text_track(&provider, id, &query, webvtt(&cues)).await;
        all[language] = cues
            .iter()
            .map(|(start, end, text)| json!([start, end, text]))
            .collect();
    }
    crate::support::eventually("both sounds are ready", async || {
        let asset = provider.data(&format!("/assets/{id}")).await;
        let tracks = asset["tracks"].as_array().cloned().unwrap_or_default();
        let is_ready = |track: &&Value| track["type"] == "audio" && track["status"] == "ready";
        (tracks.iter().filter(is_ready).count() == 2).then_some(())
    })
    .await;
    let task = json!({
        "stream": format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public")),
        "chromium": browser::chromium(),
        "cues": all,
        "tones": { "de": 1320, "en": 440 },
    });
    node::run("captions.mjs", &task).await;
}
