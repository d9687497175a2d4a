//! The check of the database: its connection, its version, its migrations.

use std::path::Path;

use super::report::Report;
use crate::app::sqlite_path;
use crate::chain::Chain;
use crate::config::Settings;
use crate::store::{Store, StoreError};

/// Checks the database and returns the open [`Store`]. `None` where there is no database yet, or it does not work.
pub(super) async fn check_database(settings: &Settings, report: &mut Report) -> Option<Store> {
    // Why before connecting: that would make the file, and the check changes nothing.
    if settings.database.is_sqlite() && !Path::new(&sqlite_path(settings)).exists() {
        let found = format!(
            "{} is not there yet; the first start makes it",
            sqlite_path(settings).display()
        );
        report.ok("database", &found);
        return None;
    }
    let store = match Store::connect(&settings.database).await {
        Ok(store) => store,
        Err(error) => {
            let remedy = "check DATABASE_URL, and that the server runs and lets this machine in";
            report.fail("database", &Chain(&error).to_string(), remedy);
            return None;
        }
    };
    if let Err(error) = check_migrations(&store, settings, report).await {
        report.fail(
            "database",
            &Chain(&error).to_string(),
            "check the rights of its user",
        );
        store.close().await;
        return None;
    }
    Some(store)
}

/// Reports the version of the database server, and the migrations that are not applied ([`Store::migrations`]).
async fn check_migrations(store: &Store, settings: &Settings, report: &mut Report) -> Result<(), StoreError> {
    report.ok("database", &store.version().await?);
    let found = store.migrations().await?;
    let pending = found.known.saturating_sub(found.applied);
    if pending == 0 {
        report.ok("migrations", &format!("all {} applied", found.known));
    } else if settings.database.migrate_on_start {
        let found = format!("{pending} of {} are not applied", found.known);
        report.warn("migrations", &found, "the next start applies them");
    } else {
        let found = format!(
            "{pending} of {} are not applied, and database.migrate_on_start is off",
            found.known
        );
        report.fail("migrations", &found, "run: yourbit-video migrate");
    }
    Ok(())
}
