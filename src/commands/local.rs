//! `yourbit-video local`: serves the built-in provider alone, as Mux's stand-in in an application's own tests.
//!
//! 1. The folder is locked, the provider opened, the listener bound ([`StandIn::open`]).
//! 2. Standard output gets what a test needs to know, one line each ([`describe`]).
//! 3. A stop signal ends requests and work together. Uploads under way flush what came; a second signal ends all at once.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::error::CommandError;
use super::print;
use super::serve::signals;
use crate::app::{CredentialPlace, StandIn, StartError, start_warnings};
use crate::config::{Environment, Settings, parse_listen_address};
use crate::http::server;
use crate::local::LocalError;
use crate::telemetry;

/// Longest wait for requests and work at the end.
const GRACE: Duration = Duration::from_secs(10);

/// The arguments of `yourbit-video local`.
#[derive(Debug, Args)]
pub(super) struct LocalArgs {
    /// Address to listen on, in place of http.listen; port 0 for any free one.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen_address)]
    listen: Option<SocketAddr>,
    /// Also answer POST /local/_test/advance and /local/_test/reset, to this machine alone.
    #[arg(long)]
    test: bool,
}

/// Serves the provider until a stop signal.
pub(super) async fn serve_alone(
    settings: Settings,
    env: &Environment,
    args: &LocalArgs,
) -> Result<(), CommandError> {
    telemetry::start(&settings.log).map_err(StartError::from)?;
    for warning in start_warnings(&settings) {
        tracing::warn!("{warning}");
    }
    let receivers = settings.local.webhook_urls.clone();
    let mut stop = signals::watch_stop_signals()?;
    let opened = tokio::select! {
        opened = StandIn::open(settings, env, args.listen, args.test) => opened.map_err(explain_start)?,
        _ = stop() => return Ok(()),
    };
    for line in describe(&opened, &receivers, args.test) {
        print::print_line(line)?;
    }
    if let Some(reason) = opened.local.missing_tools() {
        tracing::warn!("{reason}");
    }
    if opened.is_unreachable {
        tracing::warn!(
            "addresses of uploads and streams begin with {}, where no other machine finds them: set VIDEO_LOCAL__PUBLIC_URL",
            opened.base
        );
    }
    let ending = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(server::serve(opened.listener, opened.served, ending.clone()));
    let (local, until) = (opened.local, ending.clone());
    tasks.spawn(async move { local.run(until).await });
    stop().await;
    // Why together: work that ends answers the uploads under way, which the listener waits for.
    ending.cancel();
    let all_end = async { while tasks.join_next().await.is_some() {} };
    tokio::select! {
        _late = tokio::time::timeout(GRACE, all_end) => {}
        _ = stop() => {}
    }
    Ok(())
}

/// Returns the error of a start. Where another process has the folder, the remedy is that of the stand-in: the provider's own
/// text is for services.
fn explain_start(error: StartError) -> CommandError {
    match error {
        StartError::Local(LocalError::InUse { folder, holder }) => format!(
            "local.dir: {folder} is in use by another process ({holder}): end that one, or set VIDEO_LOCAL__DIR to another \
             folder"
        )
        .into(),
        other => other.into(),
    }
}

/// Returns what a test needs to know, a line each: `name: value`. A generated secret is told by its place.
fn describe(opened: &StandIn, receivers: &[String], test: bool) -> Vec<String> {
    let mut lines = vec![format!("base address: {}", opened.base)];
    lines.extend(opened.credentials.iter().map(|credential| {
        let variable = credential.variable;
        match &credential.place {
            CredentialPlace::Environment => format!("{variable}: from the environment"),
            CredentialPlace::File(file, member) => format!("{variable}: \"{member}\" in {}", file.display()),
        }
    }));
    if receivers.is_empty() {
        lines.push("webhooks: none (local.webhook_urls)".to_owned());
    }
    lines.extend(receivers.iter().map(|url| {
        // Why cut off: a query may hold a secret.
        let shown = url.split('?').next().unwrap_or_default();
        format!("webhooks: {shown}")
    }));
    if test {
        lines.push(format!("test routes: {}/_test/advance", opened.base));
        lines.push(format!("test routes: {}/_test/reset", opened.base));
    }
    lines
}
