//! Runs ffmpeg and ffprobe within bounds.

use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Resource, Signal};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Bytes kept of what a tool complains about, and read at once of what it says.
const TAIL: usize = 16 * 1024;
/// How often the disk is looked at while a tool runs.
const LOOK: Duration = Duration::from_secs(1);
/// Politeness towards the rest of the machine (`nice`).
const NICE: i32 = 5;

/// Where the tools are.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    ffmpeg: PathBuf,
    ffprobe: PathBuf,
    /// Sets the limits before the tool's first instruction; Linux only.
    prlimit: Option<PathBuf>,
    /// Threads that one ffmpeg may use.
    pub(crate) threads: usize,
}

/// Bounds of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Time on the clock.
    pub(crate) wall: Duration,
    /// Seconds of CPU, over all threads.
    pub(crate) cpu_s: u64,
    /// Address space, bytes.
    pub(crate) memory: u64,
    /// Largest file that may be written, bytes.
    pub(crate) file: u64,
    /// Free bytes that the disk must keep.
    pub(crate) min_free: u64,
}

impl Limits {
    /// As `prlimit` takes them; nobody can raise a limit that was set for this service itself.
    fn flags(self) -> Vec<String> {
        // Threads and processes of this user all count for `nproc`, so it only stops what multiplies without end.
        [
            ("as", Resource::As, self.memory),
            ("cpu", Resource::Cpu, self.cpu_s),
            ("fsize", Resource::Fsize, self.file),
            ("nproc", Resource::Nproc, 16_384),
            ("nofile", Resource::Nofile, 512),
            ("core", Resource::Core, 0),
        ]
        .into_iter()
        .map(|(name, resource, wanted)| {
            let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
            format!("--{name}={}", wanted.min(most))
        })
        .collect()
    }
}

/// One run.
pub(crate) struct Call<'a> {
    pub(crate) args: Vec<OsString>,
    /// The folder of this try: working directory, and where results go.
    pub(crate) folder: &'a Path,
    pub(crate) limits: Limits,
    /// Cancelled when the result is not wanted any more.
    pub(crate) cancel: &'a CancellationToken,
}

/// How a run did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// It ended with an error of its own; what it said last.
    #[error("the tool failed: {0}")]
    Failed(String),
    /// It was killed by a signal: a limit, a crash, or the system.
    #[error("the tool was killed: {0}")]
    Killed(ExitStatus),
    /// It took longer than it may.
    #[error("the tool took too long")]
    TimedOut,
    /// The disk is too full to go on.
    #[error("the disk is too full")]
    NoSpace,
    /// Nobody wants the result any more.
    #[error("the work was stopped")]
    Stopped,
    /// The system would not run it.
    #[error("the tool cannot be run: {0}")]
    Io(#[from] std::io::Error),
}

impl Tools {
    /// Looks for the tools on the `PATH`; the error is one plain line.
    pub(crate) fn find(jobs: usize) -> Result<Self, String> {
        let (ffmpeg, ffprobe, prlimit) = (on_path("ffmpeg"), on_path("ffprobe"), on_path("prlimit"));
        let (Some(ffmpeg), Some(ffprobe)) = (ffmpeg, ffprobe) else {
            return Err(
                "The local provider needs ffmpeg and ffprobe; install them with: apt-get install ffmpeg \
                        (Debian, Ubuntu) or brew install ffmpeg (macOS)"
                    .into(),
            );
        };
        if cfg!(target_os = "linux") && prlimit.is_none() {
            return Err(
                "The local provider needs prlimit; install it with: apt-get install util-linux".into(),
            );
        }
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (cores / jobs.max(1)).clamp(1, 8);
        Ok(Self {
            ffmpeg,
            ffprobe,
            prlimit: prlimit.filter(|_| cfg!(target_os = "linux")),
            threads,
        })
    }

    /// Runs ffmpeg; `said` is given its standard output piece by piece (`-progress pipe:1`).
    pub(crate) async fn ffmpeg(
        &self,
        call: Call<'_>,
        said: impl FnMut(&[u8]) + Send,
    ) -> Result<String, ToolError> {
        self.run(&self.ffmpeg, call, said).await
    }

    /// Runs ffprobe; its standard output, up to `most` bytes.
    pub(crate) async fn ffprobe(&self, call: Call<'_>, most: usize) -> Result<Vec<u8>, ToolError> {
        let mut output = Vec::new();
        self.run(&self.ffprobe, call, |bytes: &[u8]| {
            let room = most.saturating_sub(output.len());
            output.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        })
        .await?;
        Ok(output)
    }

    async fn run(
        &self,
        program: &Path,
        call: Call<'_>,
        mut said: impl FnMut(&[u8]) + Send,
    ) -> Result<String, ToolError> {
        let mut child = self.command(program, &call).spawn()?;
        be_nice(&child);
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let (mut out_piece, mut err_piece) = (vec![0; TAIL], vec![0; TAIL]);
        let mut complaint = Vec::new();
        let end = Instant::now() + call.limits.wall;
        let mut look = tokio::time::interval(LOOK);
        let ended = loop {
            tokio::select! {
                read = piece(&mut out, &mut out_piece) => match read {
                    Some(bytes) => said(bytes),
                    None => out = None,
                },
                read = piece(&mut err, &mut err_piece) => match read {
                    Some(bytes) => keep_tail(&mut complaint, bytes),
                    None => err = None,
                },
                status = child.wait(), if out.is_none() && err.is_none() => break Ok(status?),
                () = call.cancel.cancelled() => break Err(ToolError::Stopped),
                () = tokio::time::sleep_until(end) => break Err(ToolError::TimedOut),
                _ = look.tick() => if is_full(&call) { break Err(ToolError::NoSpace) },
            }
        };
        if ended.is_err() {
            child.kill().await?;
        }
        let complaint = String::from_utf8_lossy(&complaint).into_owned();
        match ended? {
            status if status.success() => Ok(complaint),
            status if status.signal() == Some(Signal::XCPU.as_raw()) => Err(ToolError::TimedOut),
            status if status.signal() == Some(Signal::XFSZ.as_raw()) => {
                Err(ToolError::Failed("the result is too large".into()))
            }
            status if status.signal().is_some() => Err(ToolError::Killed(status)),
            _ => Err(ToolError::Failed(complaint)),
        }
    }

    fn command(&self, program: &Path, call: &Call<'_>) -> Command {
        let mut command = match &self.prlimit {
            None => Command::new(program),
            Some(prlimit) => {
                let mut command = Command::new(prlimit);
                command.args(call.limits.flags()).arg("--").arg(program);
                command
            }
        };
        command.args(
            ["-nostdin", "-hide_banner", "-v", "error"]
                .iter()
                .filter(|_| program == self.ffmpeg),
        );
        command.args(["-v", "error"].iter().filter(|_| program == self.ffprobe));
        command.args(&call.args).current_dir(call.folder).env_clear();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// The next piece of a stream; `None` at its end. Waits for ever once the end was seen.
async fn piece<'a>(from: &mut Option<impl AsyncRead + Unpin>, into: &'a mut [u8]) -> Option<&'a [u8]> {
    let Some(stream) = from else {
        return std::future::pending().await;
    };
    match stream.read(into).await {
        Ok(length) if length > 0 => into.get(..length),
        _ => None,
    }
}

fn keep_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes);
    let surplus = tail.len().saturating_sub(TAIL);
    tail.drain(..surplus);
}

/// Half of what must stay free: uploads stop first, work that is under way only when it gets really tight.
fn is_full(call: &Call<'_>) -> bool {
    let disk = rustix::fs::statvfs(call.folder);
    disk.is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < call.limits.min_free / 2)
}

fn be_nice(child: &Child) {
    let id = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // Where it is not allowed the work only runs less politely.
        let _ = rustix::process::setpriority_process(Some(id), NICE);
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && file.is_absolute())
}
