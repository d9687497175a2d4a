//! Differences from a model that are known, each with its reason. One that is no longer needed is a fault.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Where they stand.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/exceptions.toml");

/// `exceptions.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    exception: Vec<Exception>,
}

/// One known difference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// The map, or `local answers` and `local events` for what the built-in provider says.
    map: String,
    /// Where it is: the begin of the fault.
    at: String,
    /// A part of the fault.
    fault: String,
    /// Why we are right all the same.
    reason: String,
}

/// Fails with every fault that no exception of `map` explains, and with every exception of `map` that explains none.
pub(crate) fn judge(map: &str, model: &str, faults: &[String]) {
    let all: Exceptions = toml::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let known: Vec<Exception> = all
        .exception
        .into_iter()
        .filter(|known| known.map == map)
        .collect();
    let mut used = BTreeSet::new();
    let mut left = Vec::new();
    for fault in faults {
        let found = known
            .iter()
            .position(|known| fault.starts_with(&known.at) && fault.contains(&known.fault));
        match found {
            Some(index) => drop(used.insert(index)),
            None => left.push(format!("  {fault}")),
        }
    }
    for (index, exception) in known.iter().enumerate() {
        assert!(
            !exception.reason.is_empty(),
            "an exception of {map} without a reason"
        );
        if !used.contains(&index) {
            left.push(format!(
                "  an exception that is not needed: {} {}",
                exception.at, exception.fault
            ));
        }
    }
    assert!(left.is_empty(), "{map} against {model}:\n{}", left.join("\n"));
}
