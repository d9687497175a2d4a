//! Reading the values of metrics, for answers that show a few of them.

use std::collections::HashMap;

use prometheus::proto::{MetricFamily, MetricType};

use super::metrics::Metrics;

/// The value of one metric with one set of labels.
#[derive(Clone, Debug)]
pub(crate) struct MetricValue {
    /// The values of the labels, in the order that was asked for.
    pub(crate) labels: Vec<String>,
    /// The value of a counter or gauge, or the number of a histogram's observations.
    pub(crate) count: u64,
    /// The sum of a histogram's observations; 0 for the others.
    pub(crate) sum: f64,
}

impl Metrics {
    /// Returns the values of the metrics with these names (without the prefix), each with the values of these labels;
    /// values that differ in other labels alone are added up. A metric that nothing has registered has no values.
    pub(crate) fn values_of<const N: usize>(&self, wanted: [(&str, &[&str]); N]) -> [Vec<MetricValue>; N] {
        let families = self.registry().gather();
        wanted.map(|(name, labels)| {
            let name = format!("yourbit_video_{name}");
            let family = families.iter().find(|family| family.name() == name);
            family.map_or_else(Vec::new, |family| add_up(family, labels))
        })
    }
}

/// Adds up the values of a family by some of its labels, in the order of their values.
fn add_up(family: &MetricFamily, labels: &[&str]) -> Vec<MetricValue> {
    let mut sums: HashMap<Vec<String>, (f64, f64)> = HashMap::new();
    for metric in family.get_metric() {
        let value_of = |wanted: &&str| {
            let label = metric.get_label().iter().find(|label| label.name() == *wanted);
            label.map_or_else(String::new, |label| label.value().to_owned())
        };
        let (count, sum) = match family.get_field_type() {
            MetricType::COUNTER => (metric.get_counter().get_value(), 0.0),
            MetricType::GAUGE => (metric.get_gauge().get_value(), 0.0),
            MetricType::HISTOGRAM => {
                let histogram = metric.get_histogram();
                (
                    whole_number(histogram.get_sample_count()),
                    histogram.get_sample_sum(),
                )
            }
            MetricType::SUMMARY | MetricType::UNTYPED => continue,
        };
        let entry = sums.entry(labels.iter().map(value_of).collect()).or_default();
        entry.0 += count;
        entry.1 += sum;
    }
    let mut values: Vec<MetricValue> = sums
        .into_iter()
        .map(|(labels, (count, sum))| MetricValue {
            labels,
            count: count_of(count),
            sum,
        })
        .collect();
    values.sort_by(|a, b| a.labels.cmp(&b.labels));
    values
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn whole_number(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counters and these gauges are whole numbers, not below 0"
)]
fn count_of(value: f64) -> u64 {
    value as u64
}
