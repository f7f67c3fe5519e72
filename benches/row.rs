//! One line of the table: what both take, and what was promised.

use harness::Jdk;

/// What is promised of a row.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// Ours is at most this share of theirs.
    Share(f64),
    /// Ours is at most this, in the row's unit.
    AtMost(f64),
}

/// A measured row.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    jdk: u32,
    unit: &'static str,
    theirs: Option<f64>,
    ours: f64,
    target: Target,
}

impl Row {
    /// A row both were measured for.
    pub fn beside(what: &str, jdk: &Jdk, unit: &'static str, theirs: f64, ours: f64, target: Target) -> Self {
        Self { what: what.to_owned(), jdk: jdk.major, unit, theirs: Some(theirs), ours, target }
    }

    /// A row no peer can be measured for; at most so much.
    pub fn alone(what: &str, jdk: &Jdk, unit: &'static str, ours: f64, most: f64) -> Self {
        Self { what: what.to_owned(), jdk: jdk.major, unit, theirs: None, ours, target: Target::AtMost(most) }
    }

    /// Whether the promise is kept.
    pub fn is_met(&self) -> bool {
        match self.target {
            Target::Share(share) => self.theirs.is_some_and(|theirs| self.ours <= theirs * share),
            Target::AtMost(limit) => self.ours <= limit,
        }
    }

    fn line(&self) -> String {
        let ratio = match self.theirs {
            Some(theirs) if self.ours > 0.0 => format!("1/{:.1}", theirs / self.ours),
            _ => "-".to_owned(),
        };
        let theirs = self.theirs.map_or_else(|| "-".to_owned(), |theirs| number(theirs, self.unit));
        let target = match self.target {
            Target::Share(share) if share > 1.5 => format!("at most {share:.0} times"),
            Target::Share(share) => format!("at most 1/{:.0}", 1.0 / share),
            Target::AtMost(limit) => format!("at most {}", number(limit, self.unit)),
        };
        format!(
            "| {} | {} | {theirs} | {} | {ratio} | {target} | {} |",
            self.what,
            self.jdk,
            number(self.ours, self.unit),
            if self.is_met() { "yes" } else { "**no**" },
        )
    }
}

fn number(value: f64, unit: &str) -> String {
    let digits = if value.abs() >= 100.0 { 0 } else { 2 };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

/// The rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let head =
        "| what | JDK | Arthas 4.1.5 | oxprobe | ratio | target | met |\n|---|---|---|---|---|---|---|";
    let lines: Vec<String> = std::iter::once(head.to_owned()).chain(rows.iter().map(Row::line)).collect();
    lines.join("\n")
}

/// The middle value.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
