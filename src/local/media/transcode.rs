//! From an uploaded file to a stream in its place.

use std::{path::Path, time::Duration};

use tokio::{fs, time::Instant};

use super::{
    caption::{Media, Rendition},
    hls::{LONGEST_S, MASTER, Plan, SOUND},
    ladder::{Rung, ladder},
    playlist::Playlist,
    probe::{Probe, Video, probe},
    running::Claim,
    tool::{Call, Limits, Tools},
    work::Failure,
};
use crate::local::{App, ids, store::Asset};

const GIB: u64 = 1 << 30;
/// Real seconds that one second of video may take, beside a start of two minutes.
const SLOWEST: f64 = 10.0;
/// No transcode takes longer than six hours.
const LONGEST_WALL_S: f64 = 6.0 * 3600.0;

/// Makes the stream in `folder` and moves it into place.
pub(crate) async fn transcode(
    app: &App,
    tools: &Tools,
    asset: &Asset,
    folder: &Path,
    claim: &Claim,
) -> Result<Media, Failure> {
    let source = app.folders.original(&asset.upload_id);
    let probe = match probe(tools, &source, folder, claim.cancel()).await {
        Ok(probe) => probe,
        Err(None) => {
            return Err(Failure::input(
                "The file is not a video or sound file that can be played",
            ));
        }
        Err(Some(error)) => return Err(Failure::tool(error)),
    };
    if probe
        .duration_s
        .is_some_and(|seconds| seconds > f64::from(LONGEST_S))
    {
        return Err(Failure::input("The file is longer than 12 hours"));
    }
    let tier = asset
        .settings
        .0
        .get("max_resolution_tier")
        .and_then(serde_json::Value::as_str);
    let rungs = probe
        .video
        .as_ref()
        .map(|video| ladder(video.width, video.height, tier))
        .unwrap_or_default();
    let plan = Plan {
        source: &source,
        probe: &probe,
        rungs: &rungs,
        threads: tools.threads,
        test: asset.test,
    };
    let told = encode(app, tools, asset, &plan, folder, claim).await?;
    let media = describe(&probe, &rungs, folder).await?;
    check_word(&probe, &media, &told, asset.test)?;
    move_into_place(folder, &app.folders.media(&asset.id)).await?;
    Ok(media)
}

async fn encode(
    app: &App,
    tools: &Tools,
    asset: &Asset,
    plan: &Plan<'_>,
    folder: &Path,
    claim: &Claim,
) -> Result<String, Failure> {
    let seconds = plan.probe.duration_s.unwrap_or(f64::from(LONGEST_S));
    let wall_s = (120.0 + seconds * SLOWEST).min(LONGEST_WALL_S);
    let limits = Limits {
        wall: Duration::from_secs_f64(wall_s),
        cpu_s: Duration::from_secs_f64(wall_s).as_secs() * tools.threads as u64,
        memory: 6 * GIB,
        file: 2 * GIB,
        min_free: app.settings.min_free_bytes,
    };
    let mut progress = Progress {
        app,
        asset_id: &asset.id,
        seconds: plan.probe.duration_s,
        told: Instant::now(),
    };
    let call = Call {
        args: plan.args(),
        folder,
        limits,
        cancel: claim.cancel(),
    };
    tools
        .ffmpeg(call, |bytes: &[u8]| progress.read(bytes))
        .await
        .map_err(Failure::tool)
}

/// Reads `-progress` and writes it down, once a second at most.
struct Progress<'a> {
    app: &'a App,
    asset_id: &'a str,
    seconds: Option<f64>,
    told: Instant,
}

impl Progress<'_> {
    fn read(&mut self, bytes: &[u8]) {
        let Some(seconds) = self.seconds else { return };
        let text = String::from_utf8_lossy(bytes);
        let at = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("out_time_us=")?.parse::<f64>().ok());
        let (Some(at), true) = (at, self.told.elapsed() >= Duration::from_secs(1)) else {
            return;
        };
        self.told = Instant::now();
        let percent = ((at / 100.0 / seconds).clamp(0.0, 9900.0)).round() / 100.0;
        let (store, id) = (self.app.store.clone(), self.asset_id.to_owned());
        tokio::spawn(async move {
            if let Err(error) = store.set_progress(&id, percent).await {
                tracing::debug!(%error, "progress not written");
            }
        });
    }
}

/// Measures what was made.
async fn describe(probe: &Probe, rungs: &[Rung], folder: &Path) -> Result<Media, Failure> {
    let master = fs::read_to_string(folder.join(MASTER)).await.unwrap_or_default();
    let sound = [Rung {
        name: SOUND.into(),
        width: 0,
        height: 0,
        peak_kbps: 0,
    }];
    let rungs = if rungs.is_empty() { &sound[..] } else { rungs };
    let (mut renditions, mut duration_s) = (Vec::new(), 0.0_f64);
    for rung in rungs {
        let place = folder.join(&rung.name);
        let playlist = Playlist::load(&place).await.unwrap_or_default();
        if playlist.0.is_empty() {
            return Err(Failure::input("The file holds no frame that can be shown"));
        }
        duration_s = duration_s.max(playlist.duration_s());
        renditions.push(measure(rung, &playlist, &place, &master).await?);
    }
    Ok(Media {
        duration_s: (duration_s * 1e6).round() / 1e6,
        aspect_ratio: probe.video.as_ref().map(aspect_ratio),
        frame_rate: probe
            .video
            .as_ref()
            .and_then(|v| v.frame_rate)
            .map_or(-1.0, |r| (r * 1e3).round() / 1e3),
        channels: probe.audio.as_ref().map_or(0, |audio| audio.channels),
        video_track: ids::id(),
        audio_track: ids::id(),
        renditions,
    })
}

async fn measure(rung: &Rung, playlist: &Playlist, place: &Path, master: &str) -> Result<Rendition, Failure> {
    let (mut bytes, mut peak) = (0_u64, 0.0_f64);
    for segment in &playlist.0 {
        let size = fs::metadata(place.join(&segment.file)).await?.len();
        bytes += size;
        peak = peak.max(bits(size) / segment.duration_s.max(0.5));
    }
    let average = bits(bytes) / playlist.duration_s().max(0.5);
    Ok(Rendition {
        name: rung.name.clone(),
        width: rung.width,
        height: rung.height,
        peak_bps: rounded(peak.max(average)),
        average_bps: rounded(average),
        codecs: codecs(master, &rung.name),
    })
}

#[expect(clippy::cast_precision_loss, reason = "rates need no exact byte")]
fn bits(bytes: u64) -> f64 {
    bytes as f64 * 8.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and small"
)]
fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}

/// `CODECS` of one rendition in ffmpeg's master playlist: the attribute line before its address.
fn codecs(master: &str, name: &str) -> Option<String> {
    let address = format!("{name}/{}", Playlist::FILE);
    let mut before = "";
    for line in master.lines() {
        if line == address {
            let (_, rest) = before.split_once("CODECS=\"")?;
            return rest.split_once('"').map(|(codecs, _)| codecs.to_owned());
        }
        before = line;
    }
    None
}

fn aspect_ratio(video: &Video) -> String {
    let (mut a, mut b) = (video.width, video.height);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    format!("{}:{}", video.width / a.max(1), video.height / a.max(1))
}

/// Holds the file to its header: one that is cut off, or claims hours that it does not have, is an error.
fn check_word(probe: &Probe, media: &Media, told: &str, test: bool) -> Result<(), Failure> {
    if told.contains("partial file") {
        return Err(Failure::input(
            "The file is cut off: parts that its index names are missing",
        ));
    }
    let Some(claimed) = probe.duration_s.filter(|_| probe.is_indexed && !test) else {
        return Ok(());
    };
    if claimed - media.duration_s > (claimed * 0.1).max(1.0) {
        let (claimed, found) = (claimed.round(), media.duration_s.round());
        let reason = format!("The file claims {claimed} seconds and holds {found}");
        return Err(Failure::Input(reason));
    }
    Ok(())
}

/// Flushed first, then renamed: what is in place is whole. What an earlier try left there goes.
pub(crate) async fn move_into_place(folder: &Path, place: &Path) -> std::io::Result<()> {
    let disk = std::fs::File::open(folder)?;
    tokio::task::spawn_blocking(move || flush_disk(&disk))
        .await
        .map_err(std::io::Error::other)??;
    match fs::remove_dir_all(place).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(folder, place).await
}

#[cfg(target_os = "linux")]
fn flush_disk(folder: &std::fs::File) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

#[cfg(not(target_os = "linux"))]
fn flush_disk(folder: &std::fs::File) -> std::io::Result<()> {
    folder.sync_all()
}
