//! `yourbit-video migrate`

use super::{CommandError, print};
use crate::config::Settings;
use crate::store::Store;
use crate::wiring::StartError;

/// Applies what is missing and says so.
pub(super) async fn migrate(settings: &Settings) -> Result<(), CommandError> {
    let store = Store::connect(&settings.database)
        .await
        .map_err(StartError::from)?;
    let done = store.migrate().await.map_err(StartError::from)?;
    store.close().await;
    let (kind, known, applied) = (store.kind(), done.known, done.applied);
    Ok(print::line(format_args!(
        "{kind}: {known} migrations known, {applied} applied now"
    ))?)
}
