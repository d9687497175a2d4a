//! The report of a trial: as text for people ([`fmt::Display`]), and as one JSON document for programs ([`Serialize`]).

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::Value;

/// One capability, and the answer whether the map has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name: `upload`, `webhook`, …
    pub capability: &'static str,
    /// True where the map has it and no problem was found with it.
    pub works: bool,
    /// The way in which it works, or the reason for which it does not. May be empty.
    pub detail: String,
}

/// One call that the map makes, filled in for the sample video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleCall {
    /// The action's table in the map, such as `upload.steps.1`.
    pub action: String,
    /// The HTTP method.
    pub method: String,
    /// The whole URL, with its query.
    pub url: String,
    /// All headers, by their names in lower case. Secrets are `***`.
    pub headers: BTreeMap<String, String>,
    /// The JSON body; `None` where the call sends none. Secrets are `***`.
    pub body: Option<Value>,
}

/// One recorded response, and the values that the map reads from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadAnswer {
    /// The action that it answers.
    pub action: String,
    /// The HTTP status.
    pub status: u16,
    /// The body: parsed where it is JSON, else its text.
    pub body: Value,
    /// Captures, or status and fields, by the map's names. Null where the response cannot be read.
    pub read: Value,
}

/// One recorded webhook, and the values that the map reads from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadEvent {
    /// Its name in the cassette.
    pub name: String,
    /// The body: parsed where it is JSON, else its text.
    pub body: Value,
    /// Status, ids and fields, by the map's names. Null where the delivery does not verify.
    pub read: Value,
}

/// One address of the sample video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleUrl {
    /// `public` or `signed`.
    pub policy: &'static str,
    /// Its name in `[playback.urls]`, or of the thumbnail's size.
    pub name: String,
    /// The address.
    pub url: String,
}

/// The result of one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Every call of the map.
    pub calls: Vec<SampleCall>,
    /// The upload descriptor that a client is given; `None` where the map makes none of the sample.
    pub client: Option<Value>,
    /// The responses of the cassette.
    pub answers: Vec<ReadAnswer>,
    /// The webhooks of the cassette.
    pub webhooks: Vec<ReadEvent>,
    /// The addresses of the sample video that take no call to the provider.
    pub urls: Vec<SampleUrl>,
    /// Further lines: parts that cannot be shown, and the results of live calls.
    pub notes: Vec<String>,
    /// One entry for each capability.
    #[serde(rename = "capabilities")]
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

impl fmt::Display for SampleCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[{}] {} {}", self.action, self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "    {name}: {value}")?;
        }
        match &self.body {
            Some(body) => writeln!(f, "    {body}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (steps, later): (Vec<_>, Vec<_>) = self
            .calls
            .iter()
            .partition(|call| call.action.starts_with("upload.steps."));
        for call in steps {
            write!(f, "{call}")?;
        }
        if let Some(client) = &self.client {
            writeln!(f, "the client is told: {client}")?;
        }
        for call in later {
            write!(f, "{call}")?;
        }
        for SampleUrl { policy, name, url } in &self.urls {
            writeln!(f, "a {policy} video's {name}: {url}")?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
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
