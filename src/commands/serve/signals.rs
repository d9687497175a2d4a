//! The signals that a running service acts on.

use std::io::IsTerminal;

use tokio::signal::unix::{SignalKind, signal};

/// A signal that stops the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Stop {
    /// SIGTERM, from the system that runs the service: it needs time to lead traffic elsewhere.
    Terminate,
    /// SIGINT: Ctrl-C at a terminal.
    Interrupt,
}

/// The meaning of a SIGHUP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hangup {
    /// Settings, maps and secrets are to be read again.
    Reload,
    /// The terminal that the service writes to was closed.
    TerminalGone,
}

/// Registers handlers for SIGTERM and SIGINT. Each call of the returned function waits for the next one.
pub(in crate::commands) fn watch_stop_signals() -> std::io::Result<impl AsyncFnMut() -> Stop> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move || {
        tokio::select! {
            _ = terminate.recv() => Stop::Terminate,
            _ = interrupt.recv() => Stop::Interrupt,
        }
    })
}

/// Registers a handler for SIGHUP. Each call of the returned function waits for the next one.
pub(super) fn watch_hangups() -> std::io::Result<impl AsyncFnMut() -> Hangup> {
    let mut hangup = signal(SignalKind::hangup())?;
    let at_terminal = || std::io::stderr().is_terminal();
    let began_there = at_terminal();
    Ok(async move || {
        let _never_ends = hangup.recv().await;
        // Why: a terminal that closes sends the same signal as an operator who wants a reload.
        if began_there && !at_terminal() {
            Hangup::TerminalGone
        } else {
            Hangup::Reload
        }
    })
}
