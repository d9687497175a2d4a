//! The one table that is printed.

use crate::client::Outcome;

/// Lines of what was measured, and by how much of which limit.
#[derive(Default)]
pub(crate) struct Table {
    lines: Vec<[String; 5]>,
    /// RSA signatures a second on all cores.
    pub(crate) signs_per_s: f64,
    /// Rows a second, 64 an insert.
    pub(crate) batched_rows_per_s: f64,
    /// Transactions a second, one row each.
    pub(crate) single_rows_per_s: f64,
    /// Rows read by primary key a second.
    pub(crate) reads_per_s: f64,
}

impl Table {
    /// One measured fact; printed at once too, since a run takes long.
    pub(crate) fn fact(&mut self, what: &str, value: String, note: &str) {
        self.push([
            what.to_owned(),
            value,
            String::new(),
            String::new(),
            note.to_owned(),
        ]);
    }

    /// What a load came to. `note` is how it stands to a limit.
    pub(crate) fn load(&mut self, what: &str, outcome: &Outcome, note: &str) {
        let errors = match outcome.errors {
            0 => String::new(),
            count => format!("; {count} errors"),
        };
        self.push([
            what.to_owned(),
            format!("{:.0}/s", outcome.per_second()),
            format!("{:.1} ms", outcome.percentile_ms(0.5)),
            format!("{:.1} ms", outcome.percentile_ms(0.99)),
            format!("{note}{errors}"),
        ]);
    }

    fn push(&mut self, line: [String; 5]) {
        eprintln!("{}", line.join(" | "));
        self.lines.push(line);
    }

    /// As Markdown.
    pub(crate) fn print(&self) {
        println!("\n| what | value | median | p99 | beside |\n|---|---|---|---|---|");
        for line in &self.lines {
            println!("| {} |", line.join(" | "));
        }
    }
}

/// `value` as a share of `limit`, in words; nothing where the limit was not measured.
pub(crate) fn share(value: f64, limit: f64, of: &str) -> String {
    if limit > 0.0 {
        format!("{:.0} % of {of}", value / limit * 100.0)
    } else {
        String::new()
    }
}
