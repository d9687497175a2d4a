//! The report of the command `check`: one line for each result.

use crate::commands::print::print_report_line;

/// The counts of results so far. Each result is printed when it is added.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) fine: usize,
    pub(super) failed: usize,
    pub(super) warned: usize,
}

impl Report {
    /// Adds a check that found nothing wrong.
    pub(super) fn ok(&mut self, about: &str, found: &str) {
        self.fine += 1;
        print_report_line(format_args!("ok    {about}: {found}"));
    }

    /// Adds a problem that the service can run with.
    pub(super) fn warn(&mut self, about: &str, found: &str, remedy: &str) {
        self.warned += 1;
        print_report_line(format_args!("warn  {about}: {found}; {remedy}"));
    }

    /// Adds a problem that keeps the service, or a part of it, from working.
    pub(super) fn fail(&mut self, about: &str, found: &str, remedy: &str) {
        self.failed += 1;
        print_report_line(format_args!("fail  {about}: {found}; {remedy}"));
    }
}
