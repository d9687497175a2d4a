//! The results of a run.

use std::collections::BTreeMap;

use crate::commands::print::print_report_line;
use crate::domain::{Move, MoveKind, MoveState};

/// The counts of wishes that ended. Each is printed when it is added.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) moved: usize,
    /// Taken back by the old file.
    pub(super) exchanged_back: usize,
    /// Taken back by a new encoding.
    pub(super) moved_back: usize,
    pub(super) failed: usize,
    /// Reason → number of videos.
    skipped: BTreeMap<String, usize>,
    /// Wishes that are left to the service.
    open: usize,
}

impl Tally {
    /// Adds a wish that ended.
    pub(super) fn count(&mut self, wish: &Move) {
        let id = wish.video_id;
        let reason = wish.reason.as_deref().unwrap_or("no reason is known");
        match (wish.state, wish.kind) {
            (MoveState::Done, kind) => {
                let (count, words) = match kind {
                    MoveKind::Move => (&mut self.moved, "moved"),
                    MoveKind::Undo => (&mut self.exchanged_back, "exchanged back"),
                    MoveKind::MoveBack => (&mut self.moved_back, "moved back"),
                };
                *count += 1;
                print_report_line(format_args!(
                    "{words}  {id}  from {} to {}",
                    wish.from_provider, wish.to_provider
                ));
            }
            (MoveState::Skipped, _) => self.skip(&id.to_string(), reason),
            _ => {
                self.failed += 1;
                print_report_line(format_args!("failed  {id}: {reason}"));
            }
        }
        for note in &wish.notes {
            print_report_line(format_args!("note  {id}: {note}"));
        }
    }

    /// Adds a video that another wish takes elsewhere.
    pub(super) fn skip_other(&mut self, wish: &Move) {
        let reason = format!("a move to {} is under way", wish.to_provider);
        self.skip(&wish.video_id.to_string(), &reason);
    }

    fn skip(&mut self, id: &str, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
        print_report_line(format_args!("skipped  {id}: {reason}"));
    }

    /// Notes the wishes that are left to the service.
    pub(super) fn note_open(&mut self, open: usize) {
        self.open = open;
    }

    /// Prints the sums.
    pub(super) fn print_sums(&self) {
        for (reason, count) in &self.skipped {
            print_report_line(format_args!("{count} skipped: {reason}"));
        }
        if self.exchanged_back + self.moved_back > 0 {
            print_report_line(format_args!(
                "{} exchanged back for their old files, {} moved back as new encodings",
                self.exchanged_back, self.moved_back
            ));
        }
        if self.open > 0 {
            print_report_line(format_args!(
                "{} are under way: the service goes on with them; call again for the rest",
                self.open
            ));
        }
        print_report_line(format_args!(
            "{} moved, {} skipped, {} failed",
            self.moved + self.exchanged_back + self.moved_back,
            self.skipped.values().sum::<usize>(),
            self.failed
        ));
    }
}
