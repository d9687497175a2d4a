//! One run of ffmpeg that makes a size, and the check that what was copied can be decoded.

use std::{ffi::OsString, path::Path, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    super::{
        args::to_args,
        failure::Failure,
        input::input_args,
        places::{Place, Urgency},
        tool::{GIB, ToolCall, ToolError, ToolLimits, Tools},
    },
    progress::Progress,
};
use crate::local::{app::App, store::Asset};

/// Real seconds that one second of a stream may take, beside a start of two minutes.
const SLOWEST: f64 = 10.0;
/// Longest time of one run, in seconds: six hours.
const LONGEST_WALL_S: f64 = 6.0 * 3600.0;
/// Packets of sound that are decoded in a check.
const CHECKED_PACKETS: &str = "8";

/// The job that a stream is made in.
pub(crate) struct StreamJob<'a> {
    pub(crate) app: &'a App,
    pub(crate) tools: &'a Tools,
    pub(crate) asset: &'a Asset,
    /// The asset's owner; empty without one.
    pub(crate) owner: &'a str,
    /// The folder of the attempt.
    pub(crate) folder: &'a Path,
    /// Cancelled when the result is not wanted any more.
    pub(crate) cancel: &'a CancellationToken,
}

impl StreamJob<'_> {
    /// Waits for a place to encode.
    ///
    /// # Errors
    /// [`Failure::Stopped`] when the result is not wanted any more.
    pub(super) async fn wait_for_place(&self, urgency: Urgency) -> Result<Place, Failure> {
        tokio::select! {
            place = self.app.places.acquire(self.owner, urgency) => Ok(place),
            () = self.cancel.cancelled() => Err(Failure::Stopped),
        }
    }

    /// Runs ffmpeg to make `length_s` of a stream. Limits follow that length, whatever the file claims. Progress is
    /// stored while the asset is not ready. Returns the time that the stream has come to, in seconds.
    pub(super) async fn run_size(
        &self,
        args: Vec<OsString>,
        length_s: f64,
        place: Option<&Place>,
    ) -> Result<f64, Failure> {
        let wall_s = (120.0 + length_s * SLOWEST).min(LONGEST_WALL_S);
        let threads = self.tools.threads(1) as u64;
        let limits = ToolLimits {
            wall: Duration::from_secs_f64(wall_s),
            // Why times the threads: CPU time counts each of them.
            cpu_s: Duration::from_secs_f64(wall_s).as_secs() * threads,
            memory: 6 * GIB,
            file: 2 * GIB,
            min_free: self.app.settings.min_free_bytes,
        };
        let mut progress = Progress::new(self.app, &self.asset.id, length_s);
        let call = ToolCall {
            args,
            folder: self.folder,
            limits,
            cancel: self.cancel,
            place,
        };
        self.tools
            .run_ffmpeg(call, |bytes: &[u8]| progress.read_output(bytes))
            .await
            .map_err(Failure::from_tool)?;
        Ok(progress.reached_s())
    }

    /// Decodes the beginning of some streams of `file`, each given as ffmpeg maps it. Returns for each whether it gave
    /// anything.
    pub(super) async fn decodes<const N: usize>(
        &self,
        file: &Path,
        streams: [&str; N],
    ) -> Result<[bool; N], Failure> {
        let mut args = to_args(["-threads", "1"]);
        args.extend(input_args(file));
        for stream in streams {
            args.extend(to_args(["-map", stream]));
        }
        args.extend(to_args(["-frames:v", "1", "-frames:a", CHECKED_PACKETS]));
        args.extend(to_args(["-f", "framecrc", "pipe:1"]));
        let call = ToolCall {
            args,
            folder: self.folder,
            limits: ToolLimits {
                wall: Duration::from_mins(2),
                cpu_s: 120,
                memory: 3 * GIB,
                file: 0,
                min_free: 0,
            },
            cancel: self.cancel,
            place: None,
        };
        let mut printed = Vec::new();
        // Why bounded: a line a packet, a few packets a stream.
        let outcome = self
            .tools
            .run_ffmpeg(call, |bytes: &[u8]| {
                if printed.len() < 1 << 16 {
                    printed.extend_from_slice(bytes);
                }
            })
            .await;
        match outcome {
            // ffmpeg fails where a stream gives nothing.
            Ok(_) | Err(ToolError::Failed(_)) => {}
            Err(other) => return Err(Failure::from_tool(other)),
        }
        let printed = String::from_utf8_lossy(&printed);
        let gave = |at: usize| {
            let start = format!("{at},");
            printed.lines().any(|line| line.starts_with(&start))
        };
        Ok(std::array::from_fn(gave))
    }
}
