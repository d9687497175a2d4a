//! Prometheus's text, read as a collector reads it.

use std::collections::{BTreeMap, BTreeSet};

/// Every sample by its name and labels, `name{a="b"}`.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Panics where the text is not what version 0.0.4 of the format allows.
    pub(crate) fn parse(text: &str) -> Self {
        let mut samples = BTreeMap::new();
        let mut types: BTreeMap<&str, &str> = BTreeMap::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(types.insert(name, kind).is_none(), "twice: {line}");
            } else if !line.starts_with("# HELP ") {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                let of_histogram = ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|end| types.get(name.strip_suffix(end)?))
                    == Some(&"histogram");
                assert!(of_histogram || types.contains_key(name), "no type: {line}");
                let value = value.parse().unwrap();
                assert!(
                    samples.insert(series.to_owned(), value).is_none(),
                    "twice: {line}"
                );
            }
        }
        Self(samples)
    }

    /// The value of one series; 0 where there is none yet.
    pub(crate) fn get(&self, series: &str) -> f64 {
        self.0.get(&full(series)).copied().unwrap_or_default()
    }

    pub(crate) fn has(&self, series: &str) -> bool {
        self.0.contains_key(&full(series))
    }

    /// All series.
    pub(crate) fn series(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

fn full(series: &str) -> String {
    if series.starts_with("process_") {
        series.to_owned()
    } else {
        format!("yourbit_video_{series}")
    }
}
