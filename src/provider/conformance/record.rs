//! Recording: the real API's answers as a cassette, with secrets and ids masked.
//!
//! [`record()`] writes nothing itself:
//!
//! 1. Load the map with the real variables, and note which it reads.
//! 2. Call the real API, reading only ([`fetch_live_answers`]). An answer that did not come, or that refuses the credentials, ends
//!    the recording.
//! 3. Leave out the answers that the map reads as refusals: no cassette with them passes.
//! 4. Mask variables and answers ([`Masker`]). Every id that the map reads is masked wherever it occurs.
//! 5. Read the answers as they came and as they are masked. A fact that differs ends the recording.
//! 6. Write what is read from the masked answers as what the cassette expects, and try the map with it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    call_trials::{parse_body, try_other_calls},
    cassette::{Cassette, RecordedResponse},
    live::{LiveAnswer, RemoteIds, fetch_live_answers},
    mask::Masker,
    report::{ReadAnswer, Report},
    trial::{Trial, examine},
};
use crate::{
    config::read_value,
    provider::{
        error::{CallError, MapError},
        load_options::{Env, LoadOptions},
        loaded::Provider,
        subject::Captures,
    },
};

/// Elements of a list that are kept: an account may have thousands of assets.
const KEPT_ITEMS: usize = 3;
/// Facts that masked answers must give unchanged; of all others, the same must be there.
const FACTS: [&str; 8] = [
    "status",
    "gone",
    "policy",
    "playback_policy",
    "created_at",
    "count",
    "more",
    "aspect_ratio",
];

/// A map whose provider is asked.
#[derive(Clone, Copy)]
pub struct Recording<'a> {
    /// The map's file, for error messages.
    pub file: &'a str,
    /// The map's text.
    pub toml: &'a str,
    /// The real variables.
    pub env: Env<'a>,
    /// Ids of a video to ask about. Those that are `None` are taken from the first asset of `[asset.list]`.
    pub ids: &'a RemoteIds,
    /// The time of the recording.
    pub now: DateTime<Utc>,
}

/// A recorded cassette.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The cassette, as TOML.
    pub cassette: String,
    /// Lines for people: what was recorded, and what was left out.
    pub notes: Vec<String>,
}

/// The reason for which nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The map does not compile with the variables.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The provider did not answer, or refuses the credentials.
    #[error("[{action}]: {error}")]
    Call {
        /// The action's table in the map.
        action: String,
        /// The failure.
        error: CallError,
    },
    /// No answer can stand in a cassette.
    #[error("no answer can be recorded: {0}")]
    Nothing(String),
    /// The masked cassette would say something else than the provider did, or something secret.
    #[error("the answers cannot be masked: {0}")]
    Mask(String),
}

/// Asks the real API, and makes a cassette of its answers.
///
/// # Errors
/// [`RecordError`]: nothing was recorded.
pub async fn record(recording: Recording<'_>) -> Result<Recorded, RecordError> {
    let names = RefCell::new(BTreeSet::new());
    let env = |name: &str| {
        names.borrow_mut().insert(name.to_owned());
        (recording.env)(name)
    };
    // Why boxed: held across an `await`, it would make this future as large as itself.
    let provider = Box::new(load(&recording, &env)?);
    let variables = read_variables(&recording, &names.take());
    let mut notes = Vec::new();
    let answers = fetch_live_answers(&provider, recording.ids, recording.now).await;
    let real = Cassette {
        answer: select_answers(answers, &mut notes)?,
        ..Cassette::default()
    };
    let seen = read_answers(&provider, &real, recording.now);
    let mut masker = Masker::for_map(recording.toml);
    add_secrets(&mut masker, &variables, &seen);
    let (variables, provider) = mask_variables(&recording, &variables, &mut masker)?;
    let mut masked = Cassette {
        variables,
        answer: real
            .answer
            .iter()
            .map(|answer| mask_answer(answer, &mut masker))
            .collect(),
        ..Cassette::default()
    };
    let read = read_answers(&provider, &masked, recording.now);
    check_reading(&seen, &read)?;
    for (answer, read) in masked.answer.iter_mut().zip(&read) {
        answer.expect = expectations(&read.read);
    }
    check_secrets(&masked, &masker)?;
    let cassette = masked.to_toml();
    check_cassette(&recording, &cassette).await?;
    Ok(Recorded { cassette, notes })
}

/// Compiles the map with default options.
fn load(recording: &Recording<'_>, env: Env<'_>) -> Result<Provider, MapError> {
    Provider::load(
        "record",
        recording.file,
        recording.toml,
        env,
        &LoadOptions::default(),
    )
}

/// Returns the variables that the map reads and that are set. `names` are those that it looked up.
fn read_variables(recording: &Recording<'_>, names: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in names {
        // Why the test: each name is looked up with `_FILE` behind it too.
        let is_file = name
            .strip_suffix("_FILE")
            .is_some_and(|stem| names.contains(stem));
        // Why no error: the map has been loaded with the same variables.
        if let Ok(Some(value)) = read_value(recording.env, name)
            && !is_file
        {
            found.insert(name.clone(), value);
        }
    }
    found
}

/// Returns the answers that a cassette can hold.
///
/// # Errors
/// No answer came to a call, the credentials are refused, or no answer is left.
fn select_answers(
    answers: Vec<LiveAnswer>,
    notes: &mut Vec<String>,
) -> Result<Vec<RecordedResponse>, RecordError> {
    let mut kept = Vec::new();
    for answer in answers {
        let action = answer.action;
        match (answer.outcome, answer.status) {
            (Ok(_), Some(status)) => {
                notes.push(format!("[{action}] answered {status}"));
                kept.push(RecordedResponse {
                    action,
                    status,
                    headers: BTreeMap::new(),
                    body: answer.body,
                    expect: BTreeMap::new(),
                });
            }
            (Err(CallError::Refused { status, .. }), Some(_)) if ![401, 403].contains(&status) => {
                notes.push(format!(
                    "[{action}] answered {status}, which the map reads as a refusal: left out"
                ));
            }
            (Err(error), _) => return Err(RecordError::Call { action, error }),
            (Ok(_), None) => {}
        }
    }
    if kept.is_empty() {
        let why = if notes.is_empty() {
            "the map has no call that only reads".to_owned()
        } else {
            notes.join("; ")
        };
        return Err(RecordError::Nothing(why));
    }
    // Why: the answers to one action stand together, in the order in which [`read_answers`] returns them.
    let order: Vec<String> = kept.iter().map(|answer| answer.action.clone()).collect();
    kept.sort_by_key(|answer| order.iter().position(|action| *action == answer.action));
    Ok(kept)
}

/// Reads the answers of a cassette by the map, in the cassette's order, in which those to one action stand together.
fn read_answers(provider: &Provider, cassette: &Cassette, now: DateTime<Utc>) -> Vec<ReadAnswer> {
    let mut report = Report::default();
    try_other_calls(provider, cassette, &Captures::new(), now, &mut report);
    // Why sorted: the report goes by actions, and each action's answers are in the cassette's order.
    let mut read = report.answers;
    let place = |action: &str| cassette.answer.iter().position(|answer| answer.action == action);
    read.sort_by_key(|answer| place(&answer.action));
    read
}

/// Tells the masker what it must mask everywhere: values of variables, and ids that the map reads.
fn add_secrets(masker: &mut Masker, variables: &BTreeMap<String, String>, seen: &[ReadAnswer]) {
    // Why not addresses: their words are in every address. Private keys are replaced as a whole.
    let plain = |value: &&String| !value.contains("://") && !is_private_key(value);
    for value in variables.values().filter(plain) {
        masker.add_secret(value);
    }
    let ids = ["upload_id", "asset_id", "playback_id", "video_id"];
    for answer in seen {
        for text in ids.iter().filter_map(|id| answer.read[*id].as_str()) {
            masker.add_secret(text);
        }
    }
}

/// Masks the variables, and loads the map with them. A private key becomes a kind of key that the cassette makes.
///
/// # Errors
/// The map cannot be loaded with them.
fn mask_variables(
    recording: &Recording<'_>,
    variables: &BTreeMap<String, String>,
    masker: &mut Masker,
) -> Result<(BTreeMap<String, String>, Box<Provider>), RecordError> {
    let mut masked = BTreeMap::new();
    let mut keys = Vec::new();
    for (name, value) in variables {
        if is_private_key(value) {
            keys.push(name.clone());
        } else {
            masked.insert(name.clone(), masker.mask_variable(value));
        }
    }
    let mut failure = None;
    for kind in ["@rsa", "@p256", "@ed25519"] {
        masked.extend(keys.iter().map(|name| (name.clone(), kind.to_owned())));
        let mut cassette = Cassette {
            variables: masked.clone(),
            ..Cassette::default()
        };
        cassette.make_keys(recording.file)?;
        match load(recording, &|name| cassette.variables.get(name).cloned()) {
            Ok(provider) => return Ok((masked, Box::new(provider))),
            Err(error) => failure = failure.or(Some(error)),
        }
        if keys.is_empty() {
            break;
        }
    }
    let why = failure.map_or_else(String::new, |error| error.to_string());
    Err(RecordError::Mask(why))
}

/// Returns true for a private key in PEM, or in base64 of it.
fn is_private_key(value: &str) -> bool {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let decoded = STANDARD.decode(value.trim()).unwrap_or_default();
    let decoded = String::from_utf8_lossy(&decoded);
    [value, &decoded].iter().any(|text| text.contains("PRIVATE KEY"))
}

/// Masks the body of an answer. A list keeps its first elements.
fn mask_answer(answer: &RecordedResponse, masker: &mut Masker) -> RecordedResponse {
    let body = match parse_body(&answer.body) {
        Value::String(text) if text.is_empty() => text,
        // Why no part of it: nothing is known of a text that is no JSON, and no map reads it.
        Value::String(_) => String::new(),
        mut body => {
            if answer.action == "asset.list" || answer.action.starts_with("check.") {
                cut_lists(&mut body, 2);
            }
            masker.mask_value("", &body).to_string()
        }
    };
    RecordedResponse {
        action: answer.action.clone(),
        status: answer.status,
        headers: BTreeMap::new(),
        body,
        expect: BTreeMap::new(),
    }
}

/// Cuts the lists of a page, which stand at most `depth` members deep.
fn cut_lists(body: &mut Value, depth: usize) {
    match body {
        Value::Array(items) => items.truncate(KEPT_ITEMS),
        Value::Object(members) if depth > 0 => {
            for value in members.values_mut() {
                cut_lists(value, depth - 1);
            }
        }
        _ => {}
    }
}

/// Compares what the map reads from the answers as they came and as they are masked.
///
/// # Errors
/// A fact differs, or is in only one of them.
fn check_reading(seen: &[ReadAnswer], masked: &[ReadAnswer]) -> Result<(), RecordError> {
    for (seen, masked) in seen.iter().zip(masked) {
        let names = seen.read.as_object().into_iter().flatten();
        for (name, value) in names {
            let found = masked.read.get(name).unwrap_or(&Value::Null);
            // Why not the number of assets: the list was cut.
            let same = match value {
                _ if name == "count" => found.as_u64().is_some() == value.as_u64().is_some(),
                Value::String(_) if !FACTS.contains(&name.as_str()) => found.is_string(),
                Value::Array(_) | Value::Object(_) => found.is_array() || found.is_object(),
                Value::Number(_) if name.ends_with("_id") => found.is_number(),
                other => other == found,
            };
            if !same {
                let what = format!("[{}] {name} is {found} in the masked answer", seen.action);
                return Err(RecordError::Mask(what));
            }
        }
    }
    Ok(())
}

/// Checks once more that no secret is left in what will be written.
///
/// # Errors
/// One is.
fn check_secrets(masked: &Cassette, masker: &Masker) -> Result<(), RecordError> {
    let bodies = masked.answer.iter().map(|answer| &answer.body);
    let expected = masked.answer.iter().flat_map(|answer| answer.expect.values());
    let expected = expected.filter_map(Value::as_str);
    let texts = masked.variables.values().chain(bodies).map(String::as_str);
    if texts.chain(expected).any(|text| masker.holds_secret(text)) {
        let what = "an id or the value of a variable would be written";
        return Err(RecordError::Mask(what.to_owned()));
    }
    Ok(())
}

/// Returns what a cassette expects of an answer: every text, number and truth value that is read.
fn expectations(read: &Value) -> BTreeMap<String, Value> {
    let members = read.as_object().into_iter().flatten();
    members
        .filter(|(_, value)| value.is_string() || value.is_number() || value.is_boolean())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Tries the map with the cassette, and with nothing of the environment.
///
/// # Errors
/// The map has problems with it.
async fn check_cassette(recording: &Recording<'_>, cassette: &str) -> Result<(), RecordError> {
    let report = examine(Trial {
        file: recording.file,
        toml: recording.toml,
        cassette: Some(("the cassette", cassette)),
        env: &|_| None,
        live: false,
        now: recording.now,
    })
    .await?;
    match report.problems.first() {
        None => Ok(()),
        Some(problem) => Err(RecordError::Mask(problem.clone())),
    }
}
