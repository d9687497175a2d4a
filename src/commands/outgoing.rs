//! `yourbit-video events out`: lists, shows and replays outgoing events, which tell the application of changes.

use clap::Subcommand;
use uuid::Uuid;

use super::error::CommandError;
use super::print;
use super::queue_args::{FILTER_OPTIONS, QueueArgs, print_content, print_queue, replay_queue};
use crate::app::StartError;
use crate::clock::Clock;
use crate::domain::{OutgoingEvent, OutgoingState, shown_endpoint};
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(super) enum OutgoingCommand {
    /// The newest events, one line each, and the endpoints that want nothing any more.
    List {
        /// Only those in this state: pending, delivered or `given_up`.
        #[arg(long, value_parser = parse_state)]
        state: Option<OutgoingState>,
        #[command(flatten)]
        filter: QueueArgs,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// One event with its content; secrets in it are masked.
    Show {
        /// Our id of the event: the first column of the list.
        id: Uuid,
    },
    /// Send an event once more, or all that the options choose, under the same ids; disabled endpoints are tried again with
    /// them.
    Replay {
        /// Our id of the event: the first column of the list.
        #[arg(required_unless_present_any = FILTER_OPTIONS, conflicts_with_all = FILTER_OPTIONS)]
        id: Option<Uuid>,
        /// Only those in this state.
        #[arg(long, value_parser = parse_state)]
        state: Option<OutgoingState>,
        #[command(flatten)]
        filter: QueueArgs,
        /// Count what would be sent once more, and change nothing.
        #[arg(long, conflicts_with = "id")]
        dry_run: bool,
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
        OutgoingCommand::List { state, filter, limit } => {
            let filter = filter.filter(state, Clock::system().now())?;
            print_queue(store, &filter, limit, format_event).await?;
            for (endpoint, at) in store.disabled_endpoints().await.map_err(StartError::from)? {
                print::print_line(format_args!(
                    "{} is disabled since {}: it answered 410",
                    shown_endpoint(&endpoint),
                    at.format("%Y-%m-%dT%H:%M:%SZ")
                ))?;
            }
        }
        OutgoingCommand::Show { id } => {
            let event = store.find_outgoing(id).await.map_err(StartError::from)?;
            let event = event.ok_or_else(|| format!("there is no outgoing event {id}"))?;
            print::print_line(format_event(&event))?;
            print_content(event.payload.as_bytes())?;
        }
        OutgoingCommand::Replay {
            id: None,
            state,
            filter,
            dry_run,
        } => {
            let filter = filter.filter(state, Clock::system().now())?;
            replay_queue(store, &filter, dry_run).await?;
        }
        OutgoingCommand::Replay { id: Some(id), .. } => {
            let now = Clock::system().now();
            if !store.replay_outgoing(id, now).await.map_err(StartError::from)? {
                return Err(format!("there is no outgoing event {id}, or its content is gone").into());
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
