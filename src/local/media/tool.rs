//! Runs of ffmpeg and ffprobe within limits.
//!
//! A run ends in one of these ways: by itself, by a limit of the kernel, after [`ToolLimits::wall`], when the disk
//! gets too full, or when the caller cancels it. [`interpret_exit`] tells the file's faults from those of the
//! machine.

use std::{
    ffi::OsString,
    os::unix::{ffi::OsStrExt, fs::MetadataExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::{
    decoders::Decoders,
    input::FILE,
    places::Place,
    process::{PIECE_BYTES, Standstill, keep_tail, lower_priority, read_piece, wait_for_exit},
};
use crate::local::sandbox::{Bounds, REFUSED_EXIT_CODE, Sandbox, memory};

/// Bytes of a gibibyte.
pub(crate) const GIB: u64 = 1 << 30;
/// Pause between two checks of the disk while a tool runs.
const WATCH_DISK_EVERY: Duration = Duration::from_secs(1);
/// ffmpeg's exit codes after a signal that it handles, such as SIGTERM. They tell nothing about the file.
const INTERRUPTED: [i32; 2] = [255, 123];

/// The tools of this machine, and the way in which they run.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    sandbox: Sandbox,
    /// Private memory that one tool may take, in bytes; `None` where no control group limits the service.
    memory_share: Option<u64>,
    decoders: Decoders,
    /// The machine's cores.
    cores: usize,
    /// True when ffmpeg has `zscale`, the filter for wide colours and high dynamic range.
    pub(crate) can_map_wide: bool,
}

/// The limits of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolLimits {
    /// Time on the clock.
    pub(crate) wall: Duration,
    /// Seconds of CPU, over all threads.
    pub(crate) cpu_s: u64,
    /// Address space, in bytes.
    pub(crate) memory: u64,
    /// Largest file that may be written, in bytes.
    pub(crate) file: u64,
    /// Free bytes that the disk must keep; a run stops at half of them.
    pub(crate) min_free: u64,
}

impl ToolLimits {
    /// Returns the limits that the kernel enforces, with private memory at most `share`.
    ///
    /// Why not the address space too: threads reserve two to three times of it what they use, so a small container
    /// could make no video at all.
    fn to_bounds(self, share: Option<u64>) -> Bounds {
        let data = share.unwrap_or(u64::MAX).min(self.memory);
        Bounds::new(self.memory, data, self.cpu_s, self.file)
    }
}

/// The input of one run.
pub(crate) struct ToolCall<'a> {
    pub(crate) args: Vec<OsString>,
    /// The folder of the attempt: working directory and place of results.
    pub(crate) folder: &'a Path,
    pub(crate) limits: ToolLimits,
    /// Cancelled when the result is not wanted any more.
    pub(crate) cancel: &'a CancellationToken,
    /// The place of an encode, which may have to stand still or to end; `None` for quick work.
    pub(crate) place: Option<&'a Place>,
}

/// The ways in which a run fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// The tool ended with an error of its own; the end of its complaints.
    #[error("the tool failed: {0}")]
    Failed(String),
    /// A signal killed the tool: a limit, a crash, or the system.
    #[error("the tool was killed: {0}")]
    Killed(ExitStatus),
    /// The tool used up its time on the clock or its CPU time.
    #[error("the tool took too long")]
    TimedOut,
    /// The disk is too full to go on.
    #[error("the disk is too full")]
    NoSpace,
    /// The caller cancelled the run.
    #[error("the work was stopped")]
    Stopped,
    /// The system or the sandbox would not run the tool.
    #[error("the tool cannot be run: {0}")]
    Io(#[from] std::io::Error),
}

impl Tools {
    /// Finds the tools on the `PATH`, tries the sandbox, and lists the decoders. `launcher` is this program's own
    /// binary; `folder` is the folder in which the tools will work.
    ///
    /// # Errors
    /// One plain line.
    pub(crate) async fn find_on_host(jobs: usize, launcher: &Path, folder: &Path) -> Result<Self, String> {
        let (Some(ffmpeg), Some(ffprobe)) = (find_on_path("ffmpeg"), find_on_path("ffprobe")) else {
            return Err(
                "The local provider needs ffmpeg and ffprobe; install them with: apt-get install ffmpeg \
                        (Debian, Ubuntu) or brew install ffmpeg (macOS), or take the image `full`, which has them"
                    .into(),
            );
        };
        let sandbox = Sandbox::try_out(launcher, folder)
            .await
            .map_err(|why| format!("The local provider cannot run ffmpeg in a sandbox: {why}"))?;
        let memory_share = memory::memory_share(jobs);
        let decoders = list_decoders(&sandbox, &ffmpeg, folder)
            .await
            .map_err(|error| format!("The local provider cannot use {}: {error}", ffmpeg.display()))?;
        let filters = list_filters(&sandbox, &ffmpeg, folder)
            .await
            .map_err(|error| format!("The local provider cannot use {}: {error}", ffmpeg.display()))?;
        Ok(Self {
            ffmpeg,
            ffprobe,
            sandbox,
            memory_share,
            decoders,
            cores: std::thread::available_parallelism().map_or(2, usize::from),
            can_map_wide: filters.split_whitespace().any(|word| word == "zscale"),
        })
    }

    /// Returns the threads of one encode while `running` encodes have a place, itself included: 1 to 8, as many as
    /// its share of the cores and its memory allow.
    pub(crate) fn threads(&self, running: usize) -> usize {
        let most = self.memory_share.map_or(usize::MAX, memory::threads_within);
        (self.cores / running.max(1)).min(most).clamp(1, 8)
    }

    /// Returns true when an encode may stand still and keep its memory: no control group limits it.
    pub(crate) fn can_pause(&self) -> bool {
        self.memory_share.is_none()
    }

    /// Returns how the tools run here, as the end of a sentence that begins with "ffmpeg runs".
    pub(crate) fn describe(&self) -> String {
        let sandbox = self.sandbox.describe();
        match self.memory_share {
            None => sandbox.to_owned(),
            Some(bytes) => format!(
                "{sandbox}; within {} MiB, by the control group's limit",
                bytes >> 20
            ),
        }
    }

    /// Returns the decoders that may run.
    pub(crate) fn decoders(&self) -> &Decoders {
        &self.decoders
    }

    /// Runs ffmpeg. `said` gets its standard output piece by piece (`-progress pipe:1`). Returns the end of its
    /// complaints.
    pub(crate) async fn run_ffmpeg(
        &self,
        call: ToolCall<'_>,
        said: impl FnMut(&[u8]) + Send,
    ) -> Result<String, ToolError> {
        // Why before the other arguments: an option of ffmpeg applies to the input behind it.
        let leading = ["-nostdin", "-hide_banner", "-v", "error", "-codec_whitelist"];
        let mut command = self.sandboxed_command(&self.ffmpeg, &call);
        command.args(leading).arg(self.decoders.whitelist());
        run_command(command, call, said).await
    }

    /// Runs ffprobe by [`capture_stdout`]. Returns its standard output, up to `most` bytes.
    pub(crate) async fn run_ffprobe(&self, call: ToolCall<'_>, most: usize) -> Result<Vec<u8>, ToolError> {
        let mut command = self.sandboxed_command(&self.ffprobe, &call);
        command
            .args(["-v", "error", "-codec_whitelist"])
            .arg(self.decoders.whitelist());
        capture_stdout(command, call, most).await
    }

    /// Returns the command of a tool in the sandbox.
    fn sandboxed_command(&self, program: &Path, call: &ToolCall<'_>) -> Command {
        let bounds = call.limits.to_bounds(self.memory_share);
        self.sandbox.command(program, bounds, reads_own_files(&call.args))
    }
}

/// Lists the [`Decoders`] that this ffmpeg has.
async fn list_decoders(sandbox: &Sandbox, ffmpeg: &Path, folder: &Path) -> Result<Decoders, ToolError> {
    let printed = ask_ffmpeg(sandbox, ffmpeg, folder, "-decoders").await?;
    Decoders::parse_listing(&printed)
        .ok_or_else(|| ToolError::Failed("it lists no decoder that is needed".into()))
}

/// Lists the filters that this ffmpeg has.
async fn list_filters(sandbox: &Sandbox, ffmpeg: &Path, folder: &Path) -> Result<String, ToolError> {
    ask_ffmpeg(sandbox, ffmpeg, folder, "-filters").await
}

/// Asks ffmpeg about itself. Returns what it prints.
async fn ask_ffmpeg(
    sandbox: &Sandbox,
    ffmpeg: &Path,
    folder: &Path,
    question: &str,
) -> Result<String, ToolError> {
    let limits = ToolLimits {
        wall: Duration::from_secs(30),
        cpu_s: 30,
        memory: 2 << 30,
        file: 0,
        min_free: 0,
    };
    let call = ToolCall {
        args: vec!["-hide_banner".into(), question.into()],
        folder,
        limits,
        cancel: &CancellationToken::new(),
        place: None,
    };
    let command = sandbox.command(ffmpeg, limits.to_bounds(None), true);
    let printed = capture_stdout(command, call, 1 << 20).await?;
    Ok(String::from_utf8_lossy(&printed).into_owned())
}

/// Runs a command and returns its standard output, up to `most` bytes.
async fn capture_stdout(command: Command, call: ToolCall<'_>, most: usize) -> Result<Vec<u8>, ToolError> {
    let mut output = Vec::new();
    run_command(command, call, |bytes: &[u8]| {
        let room = most.saturating_sub(output.len());
        output.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    })
    .await?;
    Ok(output)
}

/// Runs a command with the arguments and within the limits of `call`. Returns the end of its standard error.
async fn run_command(
    mut command: Command,
    call: ToolCall<'_>,
    mut said: impl FnMut(&[u8]) + Send,
) -> Result<String, ToolError> {
    command
        .args(&call.args)
        .current_dir(call.folder)
        // Why no environment: the service's own holds secrets.
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Why a group of its own: Ctrl-C on a terminal then reaches the service alone, which ends what it began.
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    lower_priority(&child, call.place.is_some());
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (mut out_piece, mut err_piece) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    let mut complaint = Vec::new();
    let mut standstill = Standstill::new(&child, call.limits.wall);
    let mut look = tokio::time::interval(WATCH_DISK_EVERY);
    let mut used_cpu = false;
    let mut pause = call.place.map(|place| place.pause.clone());
    let ended = loop {
        tokio::select! {
            read = read_piece(&mut out, &mut out_piece) => match read {
                Some(bytes) => said(bytes),
                None => out = None,
            },
            read = read_piece(&mut err, &mut err_piece) => match read {
                Some(bytes) => keep_tail(&mut complaint, bytes),
                None => err = None,
            },
            // Why only after both streams: the tool's last words would be lost.
            status = wait_for_exit(&mut child, call.limits.cpu_s, &mut used_cpu), if out.is_none() && err.is_none() => break Ok(status?),
            () = call.cancel.cancelled() => break Err(ToolError::Stopped),
            () = Place::taken_away(call.place) => break Err(ToolError::Stopped),
            pause = Place::pause_changed(&mut pause) => standstill.set(pause),
            () = standstill.time_over() => break Err(ToolError::TimedOut),
            _ = look.tick() => if is_disk_full(&call) { break Err(ToolError::NoSpace) },
        }
    };
    if ended.is_err() {
        // Why awaited: once the tool has ended, nothing writes to its folder any more.
        child.kill().await?;
    }
    let complaint = String::from_utf8_lossy(&complaint).into_owned();
    interpret_exit(ended?, used_cpu, complaint)
}

/// Translates an exit status. Only [`ToolError::Failed`] speaks of the file.
fn interpret_exit(status: ExitStatus, used_cpu: bool, complaint: String) -> Result<String, ToolError> {
    let signal = status.signal();
    if status.success() {
        Ok(complaint)
    } else if used_cpu || signal == Some(Signal::XCPU.as_raw()) {
        Err(ToolError::TimedOut)
    } else if signal == Some(Signal::XFSZ.as_raw()) {
        Err(ToolError::Failed("the result is too large".into()))
    } else if status.code() == Some(REFUSED_EXIT_CODE.into()) {
        Err(ToolError::Io(std::io::Error::other(complaint)))
    } else if signal.is_some() || status.code().is_some_and(|code| INTERRUPTED.contains(&code)) {
        Err(ToolError::Killed(status))
    } else {
        Err(ToolError::Failed(complaint))
    }
}

/// Returns true when less than half of the bytes that must stay free are free.
///
/// Why half: uploads stop at the full number, work under way only when it gets really tight.
fn is_disk_full(call: &ToolCall<'_>) -> bool {
    let disk = rustix::fs::statvfs(call.folder);
    disk.is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < call.limits.min_free / 2)
}

/// Returns true when all input files belong to the user that this process runs as.
fn reads_own_files(args: &[OsString]) -> bool {
    let user = rustix::process::geteuid().as_raw();
    args.iter()
        .filter_map(|arg| arg.as_encoded_bytes().strip_prefix(FILE.as_bytes()))
        .all(|path| {
            let file = std::fs::metadata(Path::new(std::ffi::OsStr::from_bytes(path)));
            file.is_ok_and(|file| file.uid() == user)
        })
}

/// Finds a program on the `PATH`.
fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && file.is_absolute())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

    use super::{ToolError, interpret_exit};

    fn exit(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn only_an_error_of_the_tool_itself_speaks_of_the_file() {
        let (xcpu, xfsz, killed) = (24, 25, 9);
        let of = |status, used_cpu| interpret_exit(status, used_cpu, String::new());
        assert!(of(exit(0), true).is_ok());
        assert!(matches!(of(exit(1), false), Err(ToolError::Failed(_))));
        assert!(matches!(
            of(ExitStatus::from_raw(xfsz), false),
            Err(ToolError::Failed(_))
        ));
        assert!(matches!(
            of(ExitStatus::from_raw(killed), false),
            Err(ToolError::Killed(_))
        ));
        // ffmpeg's words for SIGTERM, which is also how it takes SIGXCPU.
        assert!(matches!(of(exit(255), false), Err(ToolError::Killed(_))));
        assert!(matches!(of(exit(255), true), Err(ToolError::TimedOut)));
        assert!(matches!(
            of(ExitStatus::from_raw(xcpu), false),
            Err(ToolError::TimedOut)
        ));
        assert!(matches!(of(exit(113), false), Err(ToolError::Io(_))));
    }
}
