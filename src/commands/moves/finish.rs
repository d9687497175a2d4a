//! `--finish`: deletes the old files now, and the line about them after a move.

use crate::app::StartError;
use crate::clock::Clock;
use crate::commands::error::CommandError;
use crate::commands::print::{print_line, print_report_line};
use crate::store::Store;

/// Requests the deletion of every old file at a provider. The service deletes them.
///
/// # Errors
/// The database fails.
pub(super) async fn delete_old_files(store: &Store, from: &str) -> Result<(), CommandError> {
    let deleted = store
        .delete_kept(from, Clock::system().now())
        .await
        .map_err(StartError::from)?;
    print_line(format_args!(
        "old files at {from} that the service deletes now: {deleted}"
    ))?;
    Ok(())
}

/// Prints how many old files wait at a provider, and until when.
///
/// # Errors
/// The database fails.
pub(super) async fn print_old_files(store: &Store, from: &str) -> Result<(), CommandError> {
    let kept = store.count_kept(from).await.map_err(StartError::from)?;
    if let Some(until) = kept.last_until.filter(|_| kept.count > 0) {
        print_report_line(format_args!(
            "old files at {from}: {}, the last until {}; yourbit-video move --finish --from {from} deletes them now",
            kept.count,
            until.format("%Y-%m-%dT%H:%M:%SZ")
        ));
    }
    Ok(())
}
