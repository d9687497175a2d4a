//! The report of a trial, which displays as text for people.

use std::fmt;

/// One capability, and the answer whether the map has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name: `upload`, `webhook`, …
    pub capability: &'static str,
    /// True where the map has it and no problem was found with it.
    pub works: bool,
    /// The way in which it works, or the reason for which it does not. May be empty.
    pub detail: String,
}

/// The result of one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines to show: requests, upload descriptor and URLs of the sample video, with secrets masked.
    pub shown: Vec<String>,
    /// One entry for each capability.
    pub findings: Vec<Finding>,
    /// Differences from the cassette, calls that failed, and playback that is impossible.
    pub problems: Vec<String>,
}

impl Report {
    /// Returns true where there is no problem. A capability that the map lacks is none.
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    /// Sorts the capabilities by the order in which a video needs them.
    pub(super) fn sort_findings(&mut self) {
        const ORDER: [&str; 8] = [
            "upload",
            "cancel",
            "webhook",
            "refresh",
            "signed playback",
            "thumbnails",
            "delete",
            "reconcile",
        ];
        self.findings
            .sort_by_key(|finding| ORDER.iter().position(|name| *name == finding.capability));
    }

    /// Adds a capability: `Ok` with the way in which it works, or `Err` with the reason for which it does not.
    pub(super) fn add_finding(&mut self, capability: &'static str, found: Result<String, String>) {
        let works = found.is_ok();
        let detail = found.unwrap_or_else(|why| why);
        self.findings.push(Finding {
            capability,
            works,
            detail,
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.shown {
            writeln!(f, "{line}")?;
        }
        writeln!(f)?;
        for finding in &self.findings {
            let word = if finding.works { "yes" } else { "no" };
            let line = format!("{:<16} {word:<3} {}", finding.capability, finding.detail);
            writeln!(f, "{}", line.trim_end())?;
        }
        for problem in &self.problems {
            writeln!(f, "problem: {problem}")?;
        }
        Ok(())
    }
}
