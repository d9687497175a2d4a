//! A tool's process: its output, its priority and its end.

use std::{process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
    time::Instant,
};

/// Bytes kept of a tool's complaints, and bytes read at once.
pub(super) const PIECE_BYTES: usize = 16 * 1024;
/// The `nice` value of quick work: the rest of the machine comes first.
const NICE: i32 = 5;
/// The `nice` value of an encode, which lasts: quick work comes first.
const NICE_ENCODE: i32 = 10;

/// Reads the next piece of a stream; `None` at its end or on an error. Waits forever once the end was seen.
pub(super) async fn read_piece<'a>(
    from: &mut Option<impl AsyncRead + Unpin>,
    into: &'a mut [u8],
) -> Option<&'a [u8]> {
    let Some(stream) = from else {
        return std::future::pending().await;
    };
    match stream.read(into).await {
        Ok(length) if length > 0 => into.get(..length),
        _ => None,
    }
}

/// Appends bytes and keeps the last [`PIECE_BYTES`] of all.
pub(super) fn keep_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes);
    let surplus = tail.len().saturating_sub(PIECE_BYTES);
    tail.drain(..surplus);
}

/// The pauses of a tool, and its time on the clock, which does not count them.
pub(super) struct Standstill {
    /// The tool's process group.
    group: Option<Pid>,
    /// Time on the clock that is left.
    left: Duration,
    /// The time since which the tool runs; `None` while it stands still.
    running: Option<Instant>,
}

impl Standstill {
    /// Makes the clock of a tool that has just started, in a process group of its own, and may run for `wall`.
    pub(super) fn new(child: &Child, wall: Duration) -> Self {
        Self {
            group: process_id(child),
            left: wall,
            running: Some(Instant::now()),
        }
    }

    /// Stops the tool's processes, or lets them go on. They keep their memory.
    pub(super) fn set(&mut self, is_paused: bool) {
        if is_paused == self.running.is_none() {
            return;
        }
        let signal = if is_paused { Signal::STOP } else { Signal::CONT };
        if let Some(group) = self.group {
            // Why the error is ignored: the tool may have ended by itself.
            let _ = rustix::process::kill_process_group(group, signal);
        }
        self.running = match self.running {
            Some(since) => {
                self.left = self.left.saturating_sub(since.elapsed());
                None
            }
            None => Some(Instant::now()),
        };
    }

    /// Waits until the tool's time on the clock is used up; forever while it stands still.
    pub(super) async fn time_over(&self) {
        match self.running {
            Some(since) => tokio::time::sleep_until(since + self.left).await,
            None => std::future::pending().await,
        }
    }
}

/// Returns the process id; `None` once the process has ended.
fn process_id(child: &Child) -> Option<Pid> {
    child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
}

/// Lowers the priority of the tool. Where that is not allowed, the tool runs at the usual one.
pub(super) fn lower_priority(child: &Child, is_encode: bool) {
    let nice = if is_encode { NICE_ENCODE } else { NICE };
    if let Some(id) = process_id(child) {
        // Why the error is ignored: the tool may run at the usual priority too.
        let _ = rustix::process::setpriority_process(Some(id), nice);
    }
}

/// Waits for the end, and reads [`cpu_time`] before.
///
/// Why before: after the end there is no process to ask.
pub(super) async fn wait_for_exit(
    child: &mut Child,
    cpu_s: u64,
    used_cpu: &mut bool,
) -> std::io::Result<ExitStatus> {
    *used_cpu = child.id().and_then(cpu_time).is_some_and(|used| used >= cpu_s);
    child.wait().await
}

/// Returns the CPU time of a process over all its threads, in seconds; `None` where there is no `/proc`.
fn cpu_time(id: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The fields stand behind the name, which may hold anything: state is the third field, `utime` and `stime` are
    // the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let ticks = times.next()?.ok()? + times.next()?.ok()?;
    // Why 2: both times are rounded down.
    Some((ticks + 2) / rustix::param::clock_ticks_per_second())
}

#[cfg(test)]
mod tests {
    use super::cpu_time;

    #[test]
    fn the_cpu_time_of_a_process_is_read() {
        let began = std::time::Instant::now();
        let mut used = 0;
        // Why not a fixed time: on a busy machine a second of waiting is no second of processor time.
        while used < 1 && began.elapsed() < std::time::Duration::from_mins(1) {
            used = cpu_time(std::process::id()).unwrap();
        }
        assert!((1..600).contains(&used));
    }
}
