//! The results of an import.

use crate::commands::print::print_report_line;
use crate::jobs::adopt::{Adopted, NotAdopted};

/// The counts of results so far. Each result except "known" is printed when it is added.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Whether nothing is written.
    pub(super) dry_run: bool,
    pub(super) imported: usize,
    pub(super) known: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
    /// Assets whose owner looks like a keyed hash, but of no owner who has videos here.
    pub(super) hashes: usize,
}

impl Tally {
    /// Adds the result of one item. `what` is its name at the provider, or its line in the file.
    pub(super) fn count_result(&mut self, what: &str, ended: Result<Adopted, NotAdopted>) {
        match ended {
            Ok(Adopted::New(video)) => {
                self.imported += 1;
                let word = if self.dry_run { "would import" } else { "imported" };
                print_report_line(format_args!(
                    "{word}  {what}  {} as video {} of {}",
                    video.status, video.id, video.owner
                ));
            }
            Ok(Adopted::Known(_)) => self.known += 1,
            Err(error) => self.fail(what, &error.to_string()),
        }
    }

    /// Adds an item that could not be imported.
    pub(super) fn fail(&mut self, what: &str, why: &str) {
        self.failed += 1;
        print_report_line(format_args!("failed  {what}: {why}"));
    }

    /// Adds an item that is not imported, for a reason that is no failure.
    pub(super) fn skip(&mut self, what: &str, why: &str) {
        self.skipped += 1;
        print_report_line(format_args!("skipped  {what}: {why}"));
    }

    /// Prints the sums.
    pub(super) fn print_sums(&self) {
        let word = if self.dry_run {
            "to be imported"
        } else {
            "imported"
        };
        if self.hashes > 0 {
            print_report_line(format_args!(
                "note  {} owners there are keyed hashes of nobody who has videos here: the hash stands for the name",
                self.hashes
            ));
        }
        print_report_line(format_args!(
            "{} {word}, {} known already, {} skipped, {} failed",
            self.imported, self.known, self.skipped, self.failed
        ));
    }
}
