//! `yourbit-video events`: lists, shows and replays webhook events of the inbox.
//!
//! The command works on the database alone. A running service takes a replayed event up by itself.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::CommandError;
use super::outgoing::{OutgoingCommand, run_outgoing_command};
use super::print;
use crate::app::StartError;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::{EventState, InboxEvent};
use crate::store::{EventFilter, Store};

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
        /// Only those of this video.
        #[arg(long, value_name = "ID")]
        video: Option<Uuid>,
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
    /// Apply an event once more.
    Replay {
        /// Our id of the event.
        id: Uuid,
    },
    /// What the application is told: list, replay.
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
        EventsCommand::List { state, video, limit } => {
            let filter = EventFilter {
                state,
                video_id: video,
                before: None,
                limit: i64::from(limit),
            };
            for event in store.list_events(&filter).await.map_err(StartError::from)? {
                print::print_line(format_event(&event))?;
            }
        }
        EventsCommand::Out(command) => run_outgoing_command(store, command).await?,
        EventsCommand::Show { id, raw } => print_event(&find_event(store, id).await?, raw)?,
        EventsCommand::Replay { id } => {
            let event = find_event(store, id).await?;
            if !store
                .replay_event(id, Clock::system().now())
                .await
                .map_err(StartError::from)?
            {
                return Err(format!("{id} has no content any more: its video is purged").into());
            }
            print::print_line(format_args!("{id} was {} and is pending", event.state.as_str()))?;
        }
    }
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
    let mut content = serde_json::from_slice(body).unwrap_or_else(|_| json!("(not JSON)"));
    mask_secrets(&mut content);
    Ok(print::print_line(serde_json::to_string_pretty(&content)?)?)
}

/// Masks what gives access to something: texts named url, token or secret, and the queries of addresses.
fn mask_secrets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let name = name.to_ascii_lowercase();
                if inner.is_string() && ["url", "token", "secret"].iter().any(|word| name.contains(word)) {
                    *inner = json!("***");
                } else {
                    mask_secrets(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_secrets),
        Value::String(text) => {
            // Why: a signed address has its token in the query.
            if let Some((address, _)) = text.split_once('?').filter(|_| text.starts_with("http")) {
                *text = format!("{address}?***");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_something_is_masked() {
        let mut content =
            json!({"url": "https://a", "data": [{"upload_token": "t"}, "https://b/c?sig=1", "plain"]});
        mask_secrets(&mut content);
        assert_eq!(
            content,
            json!({"url": "***", "data": [{"upload_token": "***"}, "https://b/c?***", "plain"]})
        );
    }
}
