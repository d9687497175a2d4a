//! The order of the checks.

use super::report::Report;
use super::{database, provider, surroundings};
use crate::app::{StartError, start_warnings};
use crate::clock::Clock;
use crate::commands::error::CommandError;
use crate::commands::print::print_report_line;
use crate::config::{Environment, Settings};

/// Runs all checks and prints the [`Report`]. Faulty settings end the checks early, after those that the readable part
/// allows.
///
/// # Errors
/// One of the checks failed.
pub(crate) async fn check_all(
    settings: Result<Settings, StartError>,
    env: &Environment,
) -> Result<(), CommandError> {
    let mut report = Report::default();
    match settings {
        Err(error) => {
            for line in error.to_string().lines() {
                report.fail(
                    "settings",
                    line,
                    "yourbit-video settings says what each one means",
                );
            }
            if let StartError::Config(error) = &error
                && let Some(settings) = error.readable_settings()
            {
                report_warnings(settings, &mut report);
                if settings.auth.is_unset() && !error.is_about_section("auth") {
                    surroundings::check_auth(settings, &mut report).await;
                }
                // Why without the database: its own settings may be the faulty ones.
                provider::check_maps(settings, env, None, &Clock::system(), &mut report).await;
            }
        }
        Ok(settings) => {
            report.ok("settings", "they fit");
            report_warnings(&settings, &mut report);
            surroundings::check_surroundings(&settings, &mut report).await;
            let store = database::check_database(&settings, &mut report).await;
            provider::check_providers(&settings, env, store.as_ref(), &Clock::system(), &mut report).await;
            if let Some(store) = store {
                store.close().await;
            }
        }
    }
    match report.failed {
        0 => {
            print_report_line(format_args!(
                "{} in order, {} to be warned of",
                report.fine, report.warned
            ));
            Ok(())
        }
        failed => Err(format!("{failed} of the checks failed").into()),
    }
}

/// Adds the warnings about the settings ([`start_warnings`]).
fn report_warnings(settings: &Settings, report: &mut Report) {
    for warning in start_warnings(settings) {
        report.warn("settings", &warning, "nothing changes by it");
    }
}
