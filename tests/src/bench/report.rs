//! What was measured: a table for people and JSON for machines.

use serde::Serialize;

/// A spread beyond this is no measurement.
const WIDEST_SPREAD: f64 = 0.20;

/// One figure.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    /// What the design asks for; none for a figure that only stands beside others.
    pub(super) limit: Option<Limit>,
    /// Distance of the quartiles of the rounds as a share of their median.
    pub(super) spread: Option<f64>,
    pub(super) note: String,
    /// Why it may fail to hold, as far as it is known; printed only when it does fail.
    pub(super) reason: &'static str,
}

/// On which side of a figure the requirement lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Limit {
    /// The figure may not be larger.
    Most(f64),
    /// The figure may not be smaller.
    Least(f64),
}

/// Whether the design's requirement is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    /// The rounds differ too much to say.
    Inconclusive,
    /// There is no requirement.
    NoLimit,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(super) struct Report {
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct LineJson<'a> {
    name: &'a str,
    value: f64,
    unit: &'a str,
    limit: Option<f64>,
    /// `most` or `least`.
    limit_is: Option<&'static str>,
    holds: serde_json::Value,
    note: String,
    reason: Option<&'static str>,
}

impl Line {
    /// Why it does not hold, if it does not.
    fn reason(&self) -> Option<&'static str> {
        matches!(self.holds(), Holds::No | Holds::Inconclusive).then_some(self.reason)
    }

    fn holds(&self) -> Holds {
        let measured = self.value.is_finite() && self.spread.is_none_or(|spread| spread <= WIDEST_SPREAD);
        match self.limit {
            None => Holds::NoLimit,
            Some(_) if !measured => Holds::Inconclusive,
            Some(limit) if limit.admits(self.value) => Holds::Yes,
            Some(_) => Holds::No,
        }
    }

    /// The note with the spread in front.
    fn remark(&self) -> String {
        match self.spread {
            Some(spread) => format!("spread of the rounds {:.0} %; {}", spread * 100.0, self.note),
            None => self.note.clone(),
        }
    }
}

impl Report {
    pub(super) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    pub(super) fn extend(&mut self, lines: Vec<Line>) {
        self.lines.extend(lines);
    }

    /// The list of figures as JSON.
    ///
    /// # Errors
    /// None that is known: the figures are plain numbers and texts.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        let lines: Vec<LineJson<'_>> = self
            .lines
            .iter()
            .map(|line| LineJson {
                name: line.name,
                value: (line.value * 1000.0).round() / 1000.0,
                unit: line.unit,
                limit: line.limit.map(Limit::value),
                limit_is: line.limit.map(Limit::name),
                holds: line.holds().json(),
                note: line.remark(),
                reason: line.reason(),
            })
            .collect();
        let mut text = serde_json::to_string_pretty(&lines)?;
        text.push('\n');
        Ok(text)
    }

    pub(super) fn table(&self, patients: u32) -> String {
        let mut table = format!("\nat {patients} patients\n");
        let width = self.lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
        for line in &self.lines {
            let limit = line.limit.map_or(String::new(), Limit::words);
            let row = format!(
                "{:width$}  {:>10.2} {:12} {limit:>8}  {}",
                line.name,
                line.value,
                line.unit,
                line.holds().words()
            );
            table.push_str(&format!("{row}\n{:width$}    {}\n", "", line.remark()));
            if let Some(reason) = line.reason() {
                table.push_str(&format!("{:width$}    why: {reason}\n", ""));
            }
        }
        table.push_str(
            "not measured here: what is seen in the window, a network with delay, the start and the lock\n",
        );
        table
    }
}

impl Limit {
    fn admits(self, value: f64) -> bool {
        match self {
            Limit::Most(most) => value <= most,
            Limit::Least(least) => value >= least,
        }
    }

    fn value(self) -> f64 {
        match self {
            Limit::Most(value) | Limit::Least(value) => value,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Limit::Most(_) => "most",
            Limit::Least(_) => "least",
        }
    }

    fn words(self) -> String {
        match self {
            Limit::Most(most) => format!("≤ {most}"),
            Limit::Least(least) => format!("≥ {least}"),
        }
    }
}

impl Holds {
    fn json(self) -> serde_json::Value {
        match self {
            Holds::Yes => true.into(),
            Holds::No => false.into(),
            Holds::Inconclusive => "inconclusive".into(),
            Holds::NoLimit => serde_json::Value::Null,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Holds::Yes => "holds",
            Holds::No => "DOES NOT HOLD",
            Holds::Inconclusive => "inconclusive",
            Holds::NoLimit => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(value: f64, limit: Option<Limit>, spread: Option<f64>) -> Line {
        Line { name: "a", value, unit: "ms", limit, spread, note: String::new(), reason: "because" }
    }

    #[test]
    fn a_line_holds_only_within_its_limit_and_when_its_rounds_agree() {
        assert_eq!(line(5.0, Some(Limit::Most(5.0)), Some(0.2)).holds(), Holds::Yes);
        assert_eq!(line(5.1, Some(Limit::Most(5.0)), Some(0.0)).holds(), Holds::No);
        assert_eq!(line(1.0, Some(Limit::Most(5.0)), Some(0.21)).holds(), Holds::Inconclusive);
        assert_eq!(line(9.0, Some(Limit::Most(5.0)), Some(f64::NAN)).holds(), Holds::Inconclusive);
        assert_eq!(line(9.0, None, None).holds(), Holds::NoLimit);
        let at_least = Some(Limit::Least(5.0));
        assert_eq!(line(5.0, at_least, None).holds(), Holds::Yes);
        assert_eq!(line(4.9, at_least, None).holds(), Holds::No);
    }

    #[test]
    fn the_report_is_a_list_with_the_agreed_members() {
        let mut report = Report::default();
        report.push(line(1.23456, Some(Limit::Most(5.0)), Some(0.05)));
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        let first = &json[0];
        assert_eq!(first["value"].to_string(), "1.235");
        assert_eq!(first["holds"], true);
        assert_eq!(first["reason"], serde_json::Value::Null);
        report.push(line(9.0, Some(Limit::Most(5.0)), None));
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json[1]["reason"], "because");
        assert!(report.table(1).contains("why: because"));
        for member in ["name", "unit", "limit", "limit_is", "note"] {
            assert!(first.get(member).is_some(), "{member}");
        }
    }
}
