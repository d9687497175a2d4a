//! `yourbit-video events`: lists, shows and replays webhook events of the inbox.
//!
//! The command works on the database alone. A running service takes a replayed event up by itself.

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::error::CommandError;
use super::outgoing::{OutgoingCommand, run_outgoing_command};
use super::print;
use super::queue_args::{FILTER_OPTIONS, QueueArgs, print_content, print_queue, replay_queue};
use crate::app::StartError;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::{EventState, InboxEvent};
use crate::store::Store;

#[derive(Debug, Args)]
pub(super) struct EventsArgs {
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Debug, Subcommand)]
enum EventsCommand {
    /// The newest events, one line each.
    List {
        /// Only those in this state: pending, applied, ignored, parked, failed or `given_up`.
        #[arg(long, value_parser = parse_state)]
        state: Option<EventState>,
        #[command(flatten)]
        filter: QueueArgs,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// One event with its content; secrets in it are masked.
    Show {
        /// Our id of the event.
        id: Uuid,
        /// The raw bytes as they were signed, secrets included.
        #[arg(long)]
        raw: bool,
    },
    /// Apply an event once more, or all that the options choose.
    Replay {
        /// Our id of the event.
        #[arg(required_unless_present_any = FILTER_OPTIONS, conflicts_with_all = FILTER_OPTIONS)]
        id: Option<Uuid>,
        /// Only those in this state.
        #[arg(long, value_parser = parse_state)]
        state: Option<EventState>,
        #[command(flatten)]
        filter: QueueArgs,
        /// Count what would be applied once more, and change nothing.
        #[arg(long, conflicts_with = "id")]
        dry_run: bool,
    },
    /// What the application is told: list, show, replay.
    #[command(subcommand)]
    Out(OutgoingCommand),
}

/// Parses the name of an [`EventState`]. The error lists the allowed names.
fn parse_state(text: &str) -> Result<EventState, String> {
    let names = EventState::ALL.map(EventState::as_str);
    let found = EventState::ALL.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| format!("must be one of: {}", names.join(", ")))
}

/// Connects to the database and runs the subcommand.
pub(super) async fn run_events_command(settings: &Settings, args: EventsArgs) -> Result<(), CommandError> {
    let store = Store::connect(&settings.database)
        .await
        .map_err(StartError::from)?;
    let result = run_subcommand(&store, args.command).await;
    store.close().await;
    result
}

async fn run_subcommand(store: &Store, command: EventsCommand) -> Result<(), CommandError> {
    match command {
        EventsCommand::List { state, filter, limit } => {
            let filter = filter.filter(state, Clock::system().now())?;
            print_queue(store, &filter, limit, format_event).await?;
        }
        EventsCommand::Out(command) => run_outgoing_command(store, command).await?,
        EventsCommand::Show { id, raw } => print_event(&find_event(store, id).await?, raw)?,
        EventsCommand::Replay { id: Some(id), .. } => replay_one(store, id).await?,
        EventsCommand::Replay {
            id: None,
            state,
            filter,
            dry_run,
        } => {
            let filter = filter.filter(state, Clock::system().now())?;
            replay_queue(store, &filter, dry_run).await?;
        }
    }
    Ok(())
}

/// Makes one event due again.
async fn replay_one(store: &Store, id: Uuid) -> Result<(), CommandError> {
    let event = find_event(store, id).await?;
    if !store
        .replay_event(id, Clock::system().now())
        .await
        .map_err(StartError::from)?
    {
        return Err(format!("{id} has no content any more: its video is purged").into());
    }
    print::print_line(format_args!("{id} was {} and is pending", event.state.as_str()))?;
    Ok(())
}

/// Returns the [`InboxEvent`] with this id; an unknown id is an error.
async fn find_event(store: &Store, id: Uuid) -> Result<InboxEvent, CommandError> {
    let event = store.find_event(id).await.map_err(StartError::from)?;
    event.ok_or_else(|| format!("there is no event {id}").into())
}

/// Formats an [`InboxEvent`] as one line.
fn format_event(event: &InboxEvent) -> String {
    let video = event.video_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let error = event
        .error
        .as_deref()
        .map(|error| format!("  {error}"))
        .unwrap_or_default();
    let (at, state) = (
        event.received_at.format("%Y-%m-%dT%H:%M:%SZ"),
        event.state.as_str(),
    );
    format!(
        "{}  {at}  {state:<8}  {}  {}  {video}{error}",
        event.id, event.provider, event.event_type
    )
}

/// Prints an event with its content: masked, or with `raw` the bytes as they came.
fn print_event(event: &InboxEvent, raw: bool) -> Result<(), CommandError> {
    let body = event.body.as_deref().unwrap_or_default();
    if raw {
        return Ok(print::print_bytes(body)?);
    }
    print::print_line(format_event(event))?;
    print::print_line(format_args!(
        "event_id {}, attempts {}, receipts {}",
        event.event_id, event.attempts, event.receipts
    ))?;
    print_content(body)
}
