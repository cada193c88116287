//! The statements that find records and events: the permit's rows first, then what was asked. One text for every store; texts
//! are constants, values are bound.

use super::sealing::{SEALED, SEALED_FROM};
use super::{EventQuery, IndexCondition, IndexTest, RecordQuery, Versions};
use records::rights::{ClassScope, Permit};
use records::{Action, DataClass};
use uuid::Uuid;

/// How a store says that a column is false, so that its partial indexes are used.
pub(super) type IsFalse = fn(&str) -> String;

/// A value for a place in a statement.
#[derive(Clone)]
pub(super) enum Bound {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
}

/// A statement while it grows, and the values for its places.
pub(super) struct Finding {
    /// With a question mark for each value.
    pub(super) text: String,
    pub(super) values: Vec<Bound>,
    is_false: IsFalse,
}

impl Finding {
    /// The versions that a query asks for, newest first: their number, type, id, version, class, patient, time of arrival,
    /// whether they say that the record is gone, and [`SEALED`].
    pub(super) fn versions(permit: &Permit, query: &RecordQuery, is_false: IsFalse) -> Self {
        let mut sql = Self::new(
            &format!(
                "SELECT v.seq, v.kind, v.id, v.version, v.class, v.patient, v.received_at, v.gone, {SEALED}
                 FROM {SEALED_FROM}"
            ),
            is_false,
        );
        sql.condition(permit, query);
        sql.bind(" ORDER BY v.seq DESC LIMIT ?", Bound::Number(query.most.into()));
        sql
    }

    /// How many there are of them.
    pub(super) fn count(permit: &Permit, query: &RecordQuery, is_false: IsFalse) -> Self {
        let mut sql = Self::new("SELECT count(*) FROM version v", is_false);
        sql.condition(permit, query);
        sql
    }

    /// The events that a query asks for, newest first: number, recorded when, received when, whether odd, and their bytes.
    pub(super) fn events(query: &EventQuery, is_false: IsFalse) -> Self {
        let mut sql = Self::new(
            "SELECT n, recorded_at, received_at, odd, event FROM leaf WHERE length(event) > 0",
            is_false,
        );
        sql.maybe(" AND recorded_at >= ?", query.recorded.0);
        sql.maybe(" AND recorded_at < ?", query.recorded.1);
        sql.maybe(" AND received_at >= ?", query.received.0);
        sql.maybe(" AND received_at < ?", query.received.1);
        if !query.ids.is_empty() {
            sql.one_of(" AND event_id IN (", texts(&query.ids));
        }
        if !query.patients.is_empty() {
            let found = " AND n IN (SELECT n FROM leaf WHERE odd UNION SELECT n FROM leaf WHERE patient IN (";
            sql.one_of(found, texts(&query.patients));
            sql.text.push(')');
        }
        if let Some((at, number)) = query.before {
            sql.bind(" AND (recorded_at, n) < (?,", Bound::Number(at));
            sql.bind(" ?)", Bound::Number(self::number(number)));
        }
        sql.bind(" ORDER BY recorded_at DESC, n DESC LIMIT ?", Bound::Number(query.most.into()));
        sql
    }

    fn new(text: &str, is_false: IsFalse) -> Self {
        Self { text: text.to_owned(), values: Vec::new(), is_false }
    }

    fn bind(&mut self, text: &str, value: Bound) {
        self.text.push_str(text);
        self.values.push(value);
    }

    fn maybe(&mut self, text: &str, bound: Option<i64>) {
        if let Some(bound) = bound {
            self.bind(text, Bound::Number(bound));
        }
    }

    fn condition(&mut self, permit: &Permit, query: &RecordQuery) {
        self.bind(" WHERE v.practice = ?", Bound::Id(permit.actor().practice.uuid()));
        let is_false = self.is_false;
        match query.versions {
            Versions::Current => {
                let there = format!(" AND {} AND {}", is_false("v.gone"), is_false("v.superseded"));
                self.text.push_str(&there);
            }
            // What left one drawer for another has the same version there; what was deleted has not.
            Versions::All => self.text.push_str(
                " AND NOT (v.gone AND EXISTS (SELECT 1 FROM version m WHERE m.kind = v.kind AND m.id = v.id
                    AND m.version = v.version AND NOT m.gone))",
            ),
            Versions::DeletedAt(at) => {
                self.bind(" AND v.gone AND v.received_at <= ?", Bound::Number(at));
                self.bind(
                    " AND NOT EXISTS (SELECT 1 FROM version n WHERE n.kind = v.kind AND n.id = v.id
                        AND n.received_at <= ? AND (n.version > v.version OR n.version = v.version AND NOT n.gone))",
                    Bound::Number(at),
                );
            }
            Versions::At(span) => {
                self.bind(" AND NOT v.gone AND v.received_at <= ?", Bound::Number(span.last));
                self.bind(
                    " AND NOT EXISTS (SELECT 1 FROM version n WHERE n.kind = v.kind AND n.id = v.id
                        AND n.version > v.version AND n.received_at <= ?)",
                    Bound::Number(span.first),
                );
            }
        }
        if let Some(kind) = &query.kind {
            self.bind(" AND v.kind = ?", Bound::Text(kind.to_string()));
        }
        let ids: Vec<_> = query.ids.iter().map(|id| Bound::Text(id.to_string())).collect();
        match &query.kind {
            Some(_) | None if ids.is_empty() => {}
            // By their numbers, so that the index of a type, which is in the order of the answer, is not gone through.
            Some(kind) if query.versions == Versions::Current => {
                let of_kind = " AND v.seq IN (SELECT seq FROM version WHERE kind = ?";
                self.bind(of_kind, Bound::Text(kind.to_string()));
                self.one_of(" AND id IN (", ids);
                self.text.push(')');
            }
            Some(_) | None => self.one_of(" AND v.id IN (", ids),
        }
        self.maybe(" AND v.version = ?", query.version.map(number));
        if let Some(patient) = &query.patient {
            self.bind(" AND v.patient = ?", Bound::Text(patient.to_string()));
        }
        if query.of_nobody {
            self.text.push_str(" AND v.patient IS NULL");
        }
        self.maybe(" AND v.received_at >= ?", query.received.0);
        self.maybe(" AND v.received_at < ?", query.received.1);
        self.maybe(" AND v.seq < ?", query.before.map(number));
        self.rows_of(permit, query);
        for group in &query.groups {
            self.group(group);
        }
    }

    /// The rows that the permit reaches. A list reads the classes and relations of its row scope; whatever is about one
    /// patient or record was decided with its classes.
    fn rows_of(&mut self, permit: &Permit, query: &RecordQuery) {
        let scope = permit.scope();
        let is_list = permit.action() == Action::Search;
        // Every answer is limited to the person's own drawers.
        let drawers = permit.actor().drawers();
        let reached = |wanted: ClassScope| {
            let reaches = |class: &DataClass| {
                if !drawers.contains(&class.drawer()) {
                    false
                } else if is_list {
                    scope.class(*class) == wanted
                } else {
                    wanted == ClassScope::All && permit.classes().contains(*class)
                }
            };
            let text = |class: DataClass| Bound::Text(class.as_str().to_owned());
            DataClass::ALL.into_iter().filter(reaches).map(text).collect::<Vec<_>>()
        };
        let (all, related) = (reached(ClassScope::All), reached(ClassScope::Related));
        if query.versions != Versions::Current {
            // What a record has become closes what it was.
            let before = " AND NOT EXISTS (SELECT 1 FROM version c WHERE c.kind = v.kind AND c.id = v.id
                AND NOT c.gone AND NOT c.superseded AND c.class NOT IN (";
            self.one_of(before, all.iter().chain(&related).cloned().collect());
            self.text.push(')');
        }
        self.one_of(" AND (v.class IN (", all);
        if !related.is_empty() {
            self.one_of(" OR (v.class IN (", related);
            let (person, now) = (Bound::Id(scope.person().uuid()), query.now.as_millisecond());
            self.bind(" AND v.patient IN (SELECT patient FROM relation WHERE person = ?", person);
            self.bind(" AND since_at <= ?", Bound::Number(now));
            self.bind(" AND until_at > ?))", Bound::Number(now));
        }
        self.text.push(')');
        if let (false, Some(patient)) = (is_list, permit.patient()) {
            self.bind(" AND v.patient = ?", Bound::Text(patient.to_string()));
        }
    }

    /// The alternatives beside each other, the conditions of one within each other: as a list of numbers the store can begin
    /// with it, where it is the shortest.
    fn group(&mut self, group: &[Vec<IndexCondition>]) {
        for (at, alternative) in group.iter().enumerate() {
            self.text.push_str(if at == 0 { " AND v.seq IN (" } else { " UNION " });
            for (nested, condition) in alternative.iter().enumerate() {
                self.text.push_str(if nested == 0 { "" } else { " AND seq IN (" });
                self.holds(condition);
            }
            self.text.push_str(&")".repeat(alternative.len().saturating_sub(1)));
        }
        self.text.push_str(if group.is_empty() { "" } else { ")" });
    }

    fn holds(&mut self, condition: &IndexCondition) {
        let parameter = Bound::Text(condition.parameter.clone().into_owned());
        self.bind("SELECT seq FROM search_index WHERE parameter = ?", parameter);
        match &condition.test {
            IndexTest::Is(value) => self.bind(" AND value = ?", Bound::Bytes(value.clone())),
            IndexTest::Within(from, below) => {
                if let Some(from) = from {
                    self.bind(" AND value >= ?", Bound::Bytes(from.clone()));
                }
                if let Some(below) = below {
                    self.bind(" AND value < ?", Bound::Bytes(below.clone()));
                }
            }
        }
    }

    /// Opens a list of places and closes it; no value leaves a list that nothing is in.
    fn one_of(&mut self, before: &str, values: Vec<Bound>) {
        self.text.push_str(before);
        let places = if values.is_empty() { "NULL".to_owned() } else { vec!["?"; values.len()].join(", ") };
        self.text.push_str(&places);
        self.text.push(')');
        self.values.extend(values);
    }
}

fn texts(values: &[String]) -> Vec<Bound> {
    values.iter().cloned().map(Bound::Text).collect()
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
