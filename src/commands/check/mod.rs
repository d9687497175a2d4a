//! `yourbit-video check`: what goes wrong in practice, one line each with its remedy. Changes nothing.

mod database;
mod provider;
mod surroundings;

use super::{CommandError, print};
use crate::clock::Clock;
use crate::config::{Environment, Settings};
use crate::wiring::{StartError, warnings};

/// Prints a line. One that cannot be printed stops no check.
macro_rules! say {
    ($($text:tt)*) => {
        let _unread = print::line(format_args!($($text)*));
    };
}

/// What was found so far; each line is printed as it comes.
#[derive(Debug, Default)]
struct Report {
    fine: usize,
    failed: usize,
    warned: usize,
}

impl Report {
    fn ok(&mut self, about: &str, found: &str) {
        self.fine += 1;
        say!("ok    {about}: {found}");
    }

    /// It works, but not for everything.
    fn warn(&mut self, about: &str, found: &str, remedy: &str) {
        self.warned += 1;
        say!("warn  {about}: {found}; {remedy}");
    }

    fn fail(&mut self, about: &str, found: &str, remedy: &str) {
        self.failed += 1;
        say!("fail  {about}: {found}; {remedy}");
    }
}

/// Looks at everything that can be looked at, and fails where something failed.
pub(super) async fn check(
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
                && let Some(settings) = error.readable()
            {
                warn(settings, &mut report);
                if settings.auth.is_unset() && !error.is_about("auth") {
                    surroundings::auth(settings, &mut report).await;
                }
                provider::check_maps(settings, env, None, &Clock::system(), &mut report).await;
            }
        }
        Ok(settings) => {
            report.ok("settings", "they fit");
            warn(&settings, &mut report);
            surroundings::check(&settings, &mut report).await;
            let store = database::check(&settings, &mut report).await;
            provider::check(&settings, env, store.as_ref(), &Clock::system(), &mut report).await;
            if let Some(store) = store {
                store.close().await;
            }
        }
    }
    match report.failed {
        0 => {
            say!("{} in order, {} to be warned of", report.fine, report.warned);
            Ok(())
        }
        failed => Err(format!("{failed} of the checks failed").into()),
    }
}

fn warn(settings: &Settings, report: &mut Report) {
    for warning in warnings(settings) {
        report.warn("settings", &warning, "nothing changes by it");
    }
}
