//! The sounds and subtitles of a file, beside its picture and first sound.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{
    Provider, browser, clips, eventually, node, playback_id,
    tracks::{loudest_tone, packet_times},
};

const SRT: &str =
    "1\n00:00:01,000 --> 00:00:02,500\nHello <i>you</i>\n\n2\n00:00:06,000 --> 00:00:09,000\nAcross\n";
const ASS: &str = "[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,16\n\
    [Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
    Dialogue: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,{\\b1}Fett{\\b0}\\N\\NDrei\n";

/// A text file for ffmpeg.
fn text_file(name: &str, text: &str) -> PathBuf {
    clips::place(name, |file| std::fs::write(file, text).unwrap())
}

/// 12 seconds of picture; sounds of 440 Hz (English), 880 Hz (German, 3 s shorter) and 220 Hz; two subtitles.
pub(crate) fn film() -> PathBuf {
    let (srt, ass) = (text_file("film.srt", SRT), text_file("film.ass", ASS));
    let tones = "-f lavfi -i sine=frequency=440:duration=12 -f lavfi -i sine=frequency=880:duration=9 \
                 -f lavfi -i sine=frequency=220:duration=12";
    let names = "-metadata:s:a:0 language=eng -metadata:s:a:1 language=ger -metadata:s:a:1 title=Regie\"x \
                 -metadata:s:s:0 language=eng -metadata:s:s:1 language=ger -disposition:s:1 hearing_impaired";
    // A keyframe every 63 frames: segments of 5.04 seconds.
    clips::made(
        "film.mkv",
        &format!(
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12 {tones} -i {} -i {} -map 0 -map 1 -map 2 -map 3 \
             -map 4 -map 5 -c:v libx264 -preset ultrafast -g 63 -pix_fmt yuv420p -c:a flac -ar 48000 -c:s:0 srt -c:s:1 ass {names}",
            srt.display(),
            ass.display()
        ),
    )
}

/// The asset once none of its tracks is preparing.
async fn whole(provider: &Provider, id: &str) -> Value {
    eventually("the tracks are made", async || {
        let asset = provider.data(&format!("/assets/{id}")).await;
        let all = asset["tracks"].as_array().unwrap();
        all.iter()
            .all(|track| track["status"] != "preparing")
            .then_some(asset)
    })
    .await
}

async fn ingest(provider: &Provider, file: &Path) -> Value {
    let asset = provider
        .ingest(file, json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["status"], "ready", "{asset}");
    whole(provider, asset["id"].as_str().unwrap()).await
}

fn of_kind<'a>(asset: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = asset["tracks"].as_array().unwrap();
    all.iter().filter(|track| track["type"] == kind).collect()
}

/// The body of a viewer's GET.
async fn text(provider: &Provider, path: &str) -> String {
    let answer = provider.view(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn every_sound_of_a_file_is_offered_in_step_and_sounds_as_it_did() {
    let provider = Provider::start().await;
    let asset = ingest(&provider, &film()).await;
    let sounds = of_kind(&asset, "audio");
    let shown: Vec<Value> = sounds
        .iter()
        .map(|sound| {
            json!([
                sound["name"],
                sound["language_code"],
                sound["primary"],
                sound["status"],
                sound["max_channels"]
            ])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["English", "en", true, "ready", 1]),
            json!(["Regie\"x", "de", false, "ready", 1]),
            json!(["Sound 3", "und", false, "ready", 1])
        ]
    );
    let playback = playback_id(&asset, "public");
    let master = text(&provider, &format!("{playback}.m3u8")).await;
    let media: Vec<&str> = master
        .lines()
        .filter(|line| line.contains("TYPE=AUDIO"))
        .collect();
    assert_eq!(media.len(), 3, "{master}");
    assert_eq!(
        media[0],
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"1\""
    );
    assert!(
        media[1].contains("NAME=\"Regie'x\",LANGUAGE=\"de\",DEFAULT=NO"),
        "{master}"
    );
    let variants = master
        .lines()
        .filter(|line| line.starts_with("#EXT-X-STREAM-INF"));
    for line in variants {
        assert!(line.contains(",AUDIO=\"audio\",SUBTITLES=\"subs\""), "{line}");
        assert!(line.contains("mp4a.40.2\""), "{line}");
    }
    let pictures = text(&provider, &format!("{playback}/rendition/180p.m3u8")).await;
    let lengths = |playlist: &str| -> Vec<String> {
        let lines = playlist.lines().filter(|line| line.starts_with("#EXTINF"));
        lines.map(str::to_owned).collect()
    };
    for (sound, hertz) in sounds[1..].iter().zip([880.0, 220.0]) {
        let id = sound["id"].as_str().unwrap();
        let playlist = text(&provider, &format!("{playback}/rendition/{id}.m3u8")).await;
        assert_eq!(lengths(&playlist), lengths(&pictures));
        let folder = provider
            .dir()
            .join("tracks")
            .join(asset["id"].as_str().unwrap())
            .join(id);
        let home = provider
            .dir()
            .join("media")
            .join(asset["id"].as_str().unwrap())
            .join("180p");
        for number in 0..lengths(&pictures).len() {
            let name = format!("{number:05}.ts");
            let sound = packet_times(&folder.join(&name), "a:0").await;
            let picture = packet_times(&home.join(&name), "v:0").await;
            let apart = sound[0] - picture.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(apart.abs() < 0.03, "{id}, segment {number}: {apart} s apart");
        }
        let heard = loudest_tone(&folder.join("00000.ts"), 0.5).await;
        assert!((heard - hertz).abs() < 25.0, "{heard} Hz for {hertz}");
    }
    // The shorter one is silent at its end, and as long as the picture.
    let german = provider.dir().join("tracks").join(asset["id"].as_str().unwrap());
    let last = packet_times(
        &german.join(sounds[1]["id"].as_str().unwrap()).join("00002.ts"),
        "a:0",
    )
    .await;
    assert!((last.last().unwrap() - 1.4 - 12.0).abs() < 0.1, "{last:?}");
    for event in ["created", "ready"] {
        let told = provider.inbox.of(&format!("video.asset.track.{event}"));
        assert_eq!(told.len(), 4, "{event}: two sounds and two subtitles");
    }
}

#[tokio::test]
async fn ffmpeg_reads_each_sound_from_the_playlist() {
    let provider = Provider::start().await;
    let asset = ingest(&provider, &film()).await;
    let playlist = format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public"));
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_type:stream_tags=language,comment",
        ])
        .args(["-of", "json", &playlist])
        .output()
        .await
        .unwrap();
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let streams = told["streams"].as_array().unwrap();
    let sounds = streams
        .iter()
        .filter(|stream| stream["codec_type"] == "audio")
        .count();
    assert_eq!(sounds, 3, "{told}");
    // A part of it has the same sounds, cut at the same segments.
    let playback = playback_id(&asset, "public");
    for sound in &of_kind(&asset, "audio")[1..] {
        let id = sound["id"].as_str().unwrap();
        let clip = "?asset_start_time=5.04&asset_end_time=7";
        let sound = text(&provider, &format!("{playback}/rendition/{id}.m3u8{clip}")).await;
        assert_eq!(sound.matches("#EXTINF").count(), 1, "{sound}");
        assert!(sound.contains("00001.ts"), "{sound}");
    }
}

#[tokio::test]
async fn subtitles_of_a_file_are_taken_out_with_their_times() {
    let provider = Provider::start().await;
    let asset = ingest(&provider, &film()).await;
    let texts = of_kind(&asset, "text");
    let shown: Vec<Value> = texts
        .iter()
        .map(|track| {
            json!([
                track["name"],
                track["language_code"],
                track["text_source"],
                track["status"],
                track["closed_captions"]
            ])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["English", "en", "embedded", "ready", false]),
            json!(["German", "de", "embedded", "ready", true])
        ]
    );
    let playback = playback_id(&asset, "public");
    let served = |at: usize| {
        let path = format!("{playback}/text/{}.vtt", texts[at]["id"].as_str().unwrap());
        let provider = &provider;
        async move { text(provider, &path).await }
    };
    assert_eq!(
        served(0).await,
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello <i>you</i>\n\n00:00:06.000 --> 00:00:09.000\nAcross\n"
    );
    let german = served(1).await;
    assert!(
        german.contains("00:00:02.000 --> 00:00:03.000\n<b>Fett</b>\nDrei\n"),
        "{german}"
    );
}

#[tokio::test]
async fn times_count_from_the_streams_beginning_wherever_the_files_clock_begins() {
    let provider = Provider::start().await;
    // The picture begins 2 seconds behind the first subtitle.
    let srt = text_file("film.srt", SRT);
    let late = clips::made(
        "late.mkv",
        &format!(
            "-itsoffset 2 -f lavfi -i testsrc2=size=320x180:rate=25:duration=8 -itsoffset 2 -f lavfi -i sine=duration=8 \
             -itsoffset 2 -f lavfi -i sine=frequency=880:duration=8 -i {} -map 0 -map 1 -map 2 -map 3 -c:v libx264 \
             -preset ultrafast -pix_fmt yuv420p -c:a flac -c:s srt -copyts -avoid_negative_ts disabled",
            srt.display()
        ),
    );
    let asset = ingest(&provider, &late).await;
    let playback = playback_id(&asset, "public");
    let track = of_kind(&asset, "text")[0];
    let path = format!("{playback}/text/{}.vtt", track["id"].as_str().unwrap());
    let served = text(&provider, &path).await;
    assert!(
        served.contains("00:00:00.000 --> 00:00:00.500\nHello"),
        "{served}"
    );
    assert!(
        served.contains("00:00:04.000 --> 00:00:07.000\nAcross"),
        "{served}"
    );
    let sound = of_kind(&asset, "audio")[1]["id"].as_str().unwrap();
    let folder = provider
        .dir()
        .join("tracks")
        .join(asset["id"].as_str().unwrap())
        .join(sound);
    let first = packet_times(&folder.join("00000.ts"), "a:0").await[0];
    assert!((first - 1.4).abs() < 0.03, "{first}");
    let heard = loudest_tone(&folder.join("00000.ts"), 0.2).await;
    assert!((heard - 880.0).abs() < 25.0, "{heard}");
}

/// 10 seconds of two sounds, the second French, with words.
fn song() -> PathBuf {
    let srt = text_file("film.srt", SRT);
    clips::made(
        "song.mp4",
        &format!(
            "-f lavfi -i sine=frequency=440:duration=10 -f lavfi -i sine=frequency=880:duration=10 -i {} \
             -map 0 -map 1 -map 2 -c:a aac -c:s mov_text -metadata:s:a:1 language=fre -metadata:s:s:0 language=fre",
            srt.display()
        ),
    )
}

#[tokio::test]
async fn a_song_with_two_sounds_and_words_offers_all() {
    let provider = Provider::start().await;
    let asset = ingest(&provider, &song()).await;
    assert_eq!(of_kind(&asset, "audio")[1]["name"], "French");
    assert_eq!(of_kind(&asset, "audio")[1]["status"], "ready");
    assert_eq!(of_kind(&asset, "text")[0]["language_code"], "fr");
    let playback = playback_id(&asset, "public");
    let master = text(&provider, &format!("{playback}.m3u8")).await;
    assert!(
        master.contains("TYPE=AUDIO") && master.contains("TYPE=SUBTITLES"),
        "{master}"
    );
    let id = of_kind(&asset, "text")[0]["id"].as_str().unwrap();
    let words = text(&provider, &format!("{playback}/text/{id}.m3u8")).await;
    let sound = text(&provider, &format!("{playback}/rendition/audio.m3u8")).await;
    assert_eq!(words.matches("#EXTINF").count(), sound.matches("#EXTINF").count());
}

#[tokio::test]
async fn what_cannot_be_made_is_told_and_the_video_plays() {
    let provider = Provider::start().await;
    // A stream of subtitles without a single text, and one of pictures.
    let empty = text_file("empty.vtt", "WEBVTT\n\n");
    let film = clips::made(
        "wordless.mkv",
        &format!(
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=3 -f webvtt -i {} -i {} -map 0 -map 1 -map 2 \
             -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:s:0 srt -c:s:1 srt",
            empty.display(),
            text_file("film.srt", SRT).display()
        ),
    );
    let asset = ingest(&provider, &film).await;
    let texts = of_kind(&asset, "text");
    assert_eq!(texts[0]["status"], "errored", "{asset}");
    assert_eq!(texts[0]["error"]["messages"][0], "The track holds no text");
    assert_eq!(texts[1]["status"], "ready", "{asset}");
    let event = provider.inbox.first("video.asset.track.errored").await;
    assert_eq!(event["data"]["id"], texts[0]["id"]);
    assert_eq!(event["data"]["error"]["type"], "invalid_input");
    let playback = playback_id(&asset, "public");
    let path = format!("{playback}/text/{}.vtt", texts[0]["id"].as_str().unwrap());
    assert_eq!(provider.status(&path).await, 404);
    let master = text(&provider, &format!("{playback}.m3u8")).await;
    assert_eq!(master.matches("TYPE=SUBTITLES").count(), 1, "{master}");
}

#[tokio::test]
async fn a_deleted_sound_is_gone_and_the_others_are_made() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({ "playback_policies": ["public"] })).await;
    let answer = provider.put(&upload, std::fs::read(film()).unwrap()).await;
    assert_eq!(answer.status(), 200);
    let asset = provider.settled(&upload).await;
    let id = asset["id"].as_str().unwrap();
    // Whether it is made already or not.
    let german = of_kind(&asset, "audio")[1]["id"].as_str().unwrap();
    let path = format!("/assets/{id}/tracks/{german}");
    assert_eq!(provider.api(reqwest::Method::DELETE, &path, None).await.0, 204);
    let asset = whole(&provider, id).await;
    assert_eq!(of_kind(&asset, "audio").len(), 2, "{asset}");
    assert_eq!(of_kind(&asset, "text").len(), 2, "{asset}");
    assert!(
        of_kind(&asset, "text")
            .iter()
            .all(|track| track["status"] == "ready"),
        "{asset}"
    );
    let folder = provider.dir().join("tracks").join(id);
    assert!(!folder.join(german).exists());
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hls_js_shows_each_cue_at_its_time_and_plays_the_second_sound() {
    let provider = Provider::start().await;
    let asset = ingest(&provider, &film()).await;
    let stream = format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public"));
    let asset = ingest(&provider, &song()).await;
    let song = format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public"));
    let texts = json!([["English", "en"], ["German", "de"]]);
    let sounds = json!([
        ["English", "en", true],
        ["Regie'x", "de", false],
        ["Sound 3", null, false]
    ]);
    let mut task = node::task(&provider, &film());
    task["chromium"] = browser::chromium().into();
    task["streams"] = json!([
        {
            "url": stream, "texts": texts, "sounds": sounds,
            "shown": [
                [0, 1.5, ["Hello <i>you</i>"]], [0, 3, []], [0, 7, ["Across"]], [0, 5.5, []], [0, 1.1, ["Hello <i>you</i>"]],
                [1, 2.5, ["<b>Fett</b>\nDrei"]], [1, 1.5, []], [0, 8.9, ["Across"]], [0, 9.1, []]
            ],
            "heard": [[null, 1, 440], [1, 1, 880], [2, 6, 220], [0, 1, 440]]
        },
        {
            // From the second segment on: 5.04 seconds of the video are the beginning.
            "url": format!("{stream}?asset_start_time=5.04"), "texts": texts, "sounds": sounds,
            "shown": [[0, 1.5, ["Across"]], [0, 0.5, []], [0, 3.9, ["Across"]], [0, 4.2, []]],
            "heard": [[1, 0.5, 880]]
        },
        {
            "url": song, "texts": [["French", "fr"]], "sounds": [["Default", null, true], ["French", "fr", false]],
            "shown": [[0, 1.5, ["Hello <i>you</i>"]], [0, 4, []]],
            "heard": [[null, 1, 440], [1, 1, 880], [0, 4, 440]]
        }
    ]);
    node::run("tracks.mjs", &task).await;
}
