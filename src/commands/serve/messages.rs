//! The messages of a start: the data that the service works on, its address, and the link of development mode.

use std::path::Path;

use super::super::error::CommandError;
use super::super::print;
use crate::app::{App, sqlite_path, start_warnings};
use crate::auth::Development;
use crate::config::{Environment, Settings};
use crate::state::AppState;

/// Logs the first line of a start, which names the data that the service works on, and then the warnings about
/// settings.
pub(super) fn announce_start(settings: &Settings, file: Option<&Path>, env: &Environment) {
    // Why full paths: a start in the wrong folder is seen at once.
    let full = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let named = env
        .get("VIDEO_CONFIG")
        .map(str::trim)
        .filter(|path| !path.is_empty());
    let config = file
        .or(named.map(Path::new))
        .map(|path| full(path).display().to_string());
    let (database, is_new) = if settings.database.is_sqlite() {
        let path = full(&sqlite_path(settings));
        // Why this early: the connection to the database makes the file.
        (path.display().to_string(), !path.exists())
    } else {
        (settings.database.server_and_name(), false)
    };
    let has_local = settings
        .providers
        .enabled
        .iter()
        .any(|name| name == crate::local::NAME);
    let local = has_local.then(|| full(&settings.local.dir).display().to_string());
    let new = if is_new { " (the database is new)" } else { "" };
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(
        database,
        local.dir = local,
        config,
        "Yourbit Video {version} starts{new}"
    );
    for warning in start_warnings(settings) {
        tracing::warn!("{warning}");
    }
}

/// Logs the address of the service when it is bound, and what development mode and the built-in provider need to say.
pub(super) fn announce_service(app: &App) {
    let settings = &app.state.settings;
    let database = app.state.store.kind();
    tracing::info!(listen = %settings.http.listen, database, "Yourbit Video serves {}", settings.http.public_url);
    if let Some(development) = &app.development {
        tracing::info!(
            "development mode: only this machine may call. A token for a user: yourbit-video token --sub dev (its secret is in {})",
            crate::app::data_folder(settings)
                .join("development-secret")
                .display()
        );
        print_link(development, &app.state);
    }
    if let Some(reason) = app.local.as_ref().and_then(|local| local.local.missing_tools()) {
        tracing::warn!("{reason}");
    }
}

/// Prints the link to the page ([`Development::link`]) on standard output. It never goes into the log, because it holds
/// a token.
fn print_link(development: &Development, state: &AppState) {
    if !state.settings.http.console {
        return;
    }
    let link = development.link(&state.settings, state.clock.now());
    let printed = link.map_err(CommandError::from).and_then(|link| {
        tracing::info!("the page: open the link below; yourbit-video token --link prints another one");
        Ok(print::print_line(link)?)
    });
    if let Err(error) = printed {
        tracing::warn!(
            "the link to the page could not be printed: {error}; yourbit-video token --link prints one"
        );
    }
}
