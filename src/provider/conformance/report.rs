//! What the kit found, for people.

use std::fmt;

/// One capability, and whether the map has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `upload`, `webhook`, …
    pub capability: &'static str,
    /// The map has it.
    pub works: bool,
    /// How, or why not.
    pub detail: String,
}

/// What was found of one map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What would be sent and given for a sample video, with secrets masked.
    pub shown: Vec<String>,
    /// One a capability.
    pub findings: Vec<Finding>,
    /// What is not as it should be: the cassette says otherwise, or the provider does.
    pub problems: Vec<String>,
}

impl Report {
    /// Nothing is wrong. (What a map does not have is not wrong.)
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    /// Puts the capabilities into the order in which a video meets them.
    pub(super) fn sort(&mut self) {
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

    pub(super) fn finds(&mut self, capability: &'static str, found: Result<String, String>) {
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
