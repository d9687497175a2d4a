//! The one table that is printed.

use crate::cost::Cost;

/// What a measurement is to reach, beside what it is measured against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// At most so many times as long.
    Times(f64),
    /// At most twice as long, and half a second.
    TwiceAndHalfASecond,
    /// At least this share of the rate.
    Rate(f64),
}

/// Lines of what was measured.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 7]>);

impl Table {
    /// Adds the medians of both; printed at once too, since a run takes long.
    pub(crate) fn measured(&mut self, what: &str, ours: &[Cost], others: &[Cost], goal: Goal, note: &str) {
        let all = format!("{ours:.2?} against {others:.2?}");
        let processor = [ours, others].map(|costs| median(costs, |cost| cost.processor_s));
        let [ours, others] = [ours, others].map(|costs| median(costs, |cost| cost.took.as_secs_f64()));
        let (ratio, text, is_reached) = match goal {
            Goal::Times(most) => (ours / others, format!("at most {most}"), ours / others <= most),
            Goal::TwiceAndHalfASecond => (
                ours / others,
                "at most 2 and 0.5 s".to_owned(),
                ours <= 2.0 * others + 0.5,
            ),
            Goal::Rate(least) => (
                others / ours,
                format!("at least {least} of its rate"),
                others / ours >= least,
            ),
        };
        let reached = if is_reached { "yes" } else { "no" };
        eprintln!("{what}: {all}: {ratio:.2} ({text}: {reached}) {note}");
        self.0.push([
            what.to_owned(),
            format!("{ours:.2} s"),
            format!("{others:.2} s"),
            format!("{ratio:.2}"),
            format!("{text}: {reached}"),
            format!("{:.2} s, {:.2} s", processor[0], processor[1]),
            note.to_owned(),
        ]);
    }

    /// Prints it as Markdown.
    pub(crate) fn print(&self) {
        println!(
            "\n| what | service | beside | ratio | goal | processor time of each | |\n|---|---|---|---|---|---|---|"
        );
        for line in &self.0 {
            println!("| {} |", line.join(" | "));
        }
    }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut all: Vec<f64> = costs.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
