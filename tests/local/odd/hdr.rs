//! HDR: mapped to what every screen shows, neither washed out nor burnt.
//!
//! The patches are those of ITU-R BT.2408: diffuse white (203 cd/m²) is 58 % of the signal in PQ and 75 % in HLG, a grey
//! card of 18 % is 38 % of the signal in both. In SDR white paper is shown at 70 % of the signal or more, and a grey card
//! near 46 % (0.18 to the power of 1 / 2.2). Shown without mapping, PQ's white would be 148 of 255: grey.

use reqwest::Url;
use serde_json::json;

use crate::support::{
    Provider,
    clips::made,
    judge_colour::{Colour, Timeline},
    judge_media::Media,
    judge_playlist::Served,
    playback_id,
};

/// The colour of a patch of `signal` (per cent, of 10 bit limited range), as it is served.
async fn shown(provider: &Provider, transfer: &str, signal: u32, chroma: (u32, u32)) -> Colour {
    let luma = 64 + (876 * signal + 50) / 100;
    let (blue, red) = chroma;
    let patch = format!(
        "color=black:size=160x90:rate=10:duration=1,format=yuv420p10le,geq=lum={luma}:cb={blue}:cr={red}"
    );
    let file = made(
        &format!("{transfer}-{signal}-{blue}.mp4"),
        &format!(
            "-f lavfi -i {patch} -c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 \
             -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc -color_range tv"
        ),
    );
    let asset = provider
        .ingest(&file, json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["status"], "ready", "{transfer}: {asset}");
    let master = format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public"));
    let served = Served::read(&provider.http, &Url::parse(&master).unwrap())
        .await
        .unwrap();
    let rendition = &served.renditions[0];
    let stream = tempfile::NamedTempFile::with_suffix(".ts").unwrap();
    std::fs::write(stream.path(), rendition.fetch(&provider.http).await.unwrap()).unwrap();
    let media = Media::read(stream.path()).unwrap();
    let picture = media.picture.unwrap();
    assert_eq!(
        picture.faults(rendition.size, true, false),
        Vec::<String>::new(),
        "{transfer}"
    );
    assert_eq!(picture.matrix(), "bt709", "{transfer}: HDR becomes BT.709");
    Timeline::read(stream.path(), rendition.size, "bt709")
        .unwrap()
        .at(0.5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hdr_is_mapped_to_what_every_screen_shows() {
    let provider = Provider::start().await;
    for (transfer, white) in [("smpte2084", 58), ("arib-std-b67", 75)] {
        let grey = shown(&provider, transfer, 38, (512, 512)).await;
        let white = shown(&provider, transfer, white, (512, 512)).await;
        for (name, colour, range) in [("grey", grey, 75.0..160.0), ("white", white, 178.0..256.0)] {
            let [r, g, b] = colour;
            assert!(range.contains(&g), "{transfer}: {name} is {colour:.0?}");
            assert!(
                (r - g).abs() < 6.0 && (b - g).abs() < 6.0,
                "{transfer}: {name} is {colour:.0?}"
            );
        }
        assert!(
            white[1] - grey[1] > 50.0,
            "{transfer}: {grey:.0?} and {white:.0?}"
        );
        // Red of BT.2020's matrix, of middling strength: unmapped it would be paler than it is, since the primaries of
        // BT.2020 lie farther out.
        let red = shown(&provider, transfer, 35, (450, 660)).await;
        assert!(
            red[0] > red[1] + 60.0 && red[0] > red[2] + 60.0,
            "{transfer}: red is {red:.0?}"
        );
    }
}
