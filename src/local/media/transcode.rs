//! The transcode job: from an uploaded file to a stream in its place.

use std::{path::Path, time::Duration};

use super::{
    failure::Failure,
    ladder::build_ladder,
    measure::measure_stream,
    media_info::MediaInfo,
    place::move_into_place,
    probe::{Probe, Unplayable, probe_file},
    progress::Progress,
    running_jobs::JobClaim,
    tool::{ToolCall, ToolLimits, Tools},
    transcode_plan::{LONGEST_S, TranscodePlan},
};
use crate::local::{app::App, store::Asset};

/// Bytes of a gibibyte.
const GIB: u64 = 1 << 30;
/// Real seconds that one second of video may take, beside a start of two minutes.
const SLOWEST: f64 = 10.0;
/// Longest time of a transcode, in seconds: six hours.
const LONGEST_WALL_S: f64 = 6.0 * 3600.0;

/// Makes the stream of an asset:
///
/// 1. [`probe_file`] reads the original. Files without a stream and files above [`LONGEST_S`] fail.
/// 2. [`build_ladder`] chooses the sizes.
/// 3. [`run_ffmpeg`] writes every size into `folder`.
/// 4. [`measure_stream`] measures the result, [`check_claims`] compares it with the file's header.
/// 5. [`move_into_place`] commits it.
pub(crate) async fn make_stream(
    app: &App,
    tools: &Tools,
    asset: &Asset,
    folder: &Path,
    claim: &JobClaim,
) -> Result<MediaInfo, Failure> {
    let source = app.folders.original_file(&asset.upload_id);
    let probe = match probe_file(tools, &source, folder, claim.cancel()).await {
        Ok(probe) => probe,
        Err(unplayable) => return Err(describe_unplayable(unplayable)),
    };
    if probe
        .duration_s
        .is_some_and(|seconds| seconds > f64::from(LONGEST_S))
    {
        return Err(Failure::from_input("The file is longer than 12 hours"));
    }
    let tier = asset
        .settings
        .0
        .get("max_resolution_tier")
        .and_then(serde_json::Value::as_str);
    let rungs = probe
        .video
        .as_ref()
        .map(|video| build_ladder(video.width, video.height, tier))
        .unwrap_or_default();
    let plan = TranscodePlan {
        source: &source,
        probe: &probe,
        rungs: &rungs,
        threads: tools.threads,
        test: asset.test,
    };
    let (complaint, reached_s) = run_ffmpeg(app, tools, asset, &plan, folder, claim).await?;
    let media = measure_stream(&probe, &rungs, folder, reached_s).await?;
    check_claims(&probe, &media, &complaint, asset.test)?;
    move_into_place(folder, &app.folders.media_folder(&asset.id)).await?;
    Ok(media)
}

/// Returns the failure of an [`Unplayable`] file, with the text for its uploader.
fn describe_unplayable(unplayable: Unplayable) -> Failure {
    match unplayable {
        Unplayable::NoMedia => {
            Failure::from_input("The file is not a video or sound file that can be played")
        }
        Unplayable::Codec {
            of,
            codec: Some(codec),
        } => Failure::Input(format!("The codec of the file's {of}, {codec}, is not supported")),
        Unplayable::Codec { of, codec: None } => {
            Failure::Input(format!("The codec of the file's {of} is not known"))
        }
        Unplayable::Tool(error) => Failure::from_tool(error),
    }
}

/// Runs ffmpeg on the [`TranscodePlan`]. Returns what ffmpeg complained about, and [`Progress::reached_s`].
async fn run_ffmpeg(
    app: &App,
    tools: &Tools,
    asset: &Asset,
    plan: &TranscodePlan<'_>,
    folder: &Path,
    claim: &JobClaim,
) -> Result<(String, f64), Failure> {
    let seconds = plan.probe.duration_s.unwrap_or(f64::from(LONGEST_S));
    let wall_s = (120.0 + seconds * SLOWEST).min(LONGEST_WALL_S);
    let limits = ToolLimits {
        wall: Duration::from_secs_f64(wall_s),
        // Why times the threads: CPU time counts each of them.
        cpu_s: Duration::from_secs_f64(wall_s).as_secs() * tools.threads as u64,
        memory: 6 * GIB,
        file: 2 * GIB,
        min_free: app.settings.min_free_bytes,
    };
    let mut progress = Progress::new(app, &asset.id, plan.probe.duration_s);
    let call = ToolCall {
        args: plan.build_args(),
        folder,
        limits,
        cancel: claim.cancel(),
    };
    let complaint = tools
        .run_ffmpeg(call, |bytes: &[u8]| progress.read_output(bytes))
        .await
        .map_err(Failure::from_tool)?;
    Ok((complaint, progress.reached_s()))
}

/// Checks the result against the header of an indexed file. A file that is cut off, or claims hours that it does not
/// have, fails.
fn check_claims(probe: &Probe, media: &MediaInfo, complaint: &str, test: bool) -> Result<(), Failure> {
    if complaint.contains("partial file") {
        return Err(Failure::from_input(
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
