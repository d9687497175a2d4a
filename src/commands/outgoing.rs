//! `yourbit-video events out`: lists and replays outgoing events, which tell the application of changes.

use clap::Subcommand;
use uuid::Uuid;

use super::error::CommandError;
use super::print;
use crate::app::StartError;
use crate::clock::Clock;
use crate::domain::{OutgoingEvent, OutgoingState, shown_endpoint};
use crate::store::{OutgoingFilter, Store};

#[derive(Debug, Subcommand)]
pub(super) enum OutgoingCommand {
    /// The newest events, one line each, and the endpoints that want nothing any more.
    List {
        /// Only those in this state: pending, delivered or `given_up`.
        #[arg(long, value_parser = parse_state)]
        state: Option<OutgoingState>,
        /// Only those of this video.
        #[arg(long, value_name = "ID")]
        video: Option<Uuid>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Send an event once more, under the same id; a disabled endpoint is tried again with it.
    Replay {
        /// Our id of the event: the first column of the list.
        id: Uuid,
    },
}

/// Parses the name of an [`OutgoingState`]. The error lists the allowed names.
fn parse_state(text: &str) -> Result<OutgoingState, String> {
    let names = OutgoingState::ALL.map(OutgoingState::as_str);
    let found = OutgoingState::ALL
        .into_iter()
        .find(|state| state.as_str() == text);
    found.ok_or_else(|| format!("must be one of: {}", names.join(", ")))
}

/// Runs the subcommand against an open [`Store`].
pub(super) async fn run_outgoing_command(
    store: &Store,
    command: OutgoingCommand,
) -> Result<(), CommandError> {
    match command {
        OutgoingCommand::List { state, video, limit } => {
            let filter = OutgoingFilter {
                state,
                video_id: video,
                before: None,
                limit: i64::from(limit),
            };
            for event in store.list_outgoing(&filter).await.map_err(StartError::from)? {
                print::print_line(format_event(&event))?;
            }
            for (endpoint, at) in store.disabled_endpoints().await.map_err(StartError::from)? {
                print::print_line(format_args!(
                    "{} is disabled since {}: it answered 410",
                    shown_endpoint(&endpoint),
                    at.format("%Y-%m-%dT%H:%M:%SZ")
                ))?;
            }
        }
        OutgoingCommand::Replay { id } => {
            let now = Clock::system().now();
            if !store.replay_outgoing(id, now).await.map_err(StartError::from)? {
                return Err(format!("there is no outgoing event {id}").into());
            }
            print::print_line(format_args!("{id} is pending"))?;
        }
    }
    Ok(())
}

/// Formats an [`OutgoingEvent`] as one line.
fn format_event(event: &OutgoingEvent) -> String {
    let error = event
        .error
        .as_deref()
        .map(|error| format!("  {error}"))
        .unwrap_or_default();
    format!(
        "{}  {}  {:<9}  {}  {}  {}{error}",
        event.id,
        event.created_at.format("%Y-%m-%dT%H:%M:%SZ"),
        event.state.as_str(),
        event.event_type,
        event.video_id,
        shown_endpoint(&event.endpoint),
    )
}
