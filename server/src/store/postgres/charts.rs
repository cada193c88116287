//! The marks of charts in SQL.

use super::column::{Columns, count, millis};
use super::{Params, StoreError, Work};
use crate::store::sealing::{SEALED, SEALED_FROM};
use crate::store::{ChartMark, ChartRow, Charts};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use records::Drawer;
use records::id::{PatientId, PracticeId};
use records::rights::Permit;
use records::search::millis_bytes;
use sync::wire::HistoryWriter;

impl Charts for Work<'_> {
    fn charts(
        &self,
        practice: PracticeId,
        since: Timestamp,
        after: &str,
        most: u32,
    ) -> Result<Vec<ChartRow>, StoreError> {
        let sql = "SELECT patient, max(written) < $2 AND NOT bool_or(dated >= $3) AND (bool_or(dated <> '') OR max(received) < $2),
                EXISTS (SELECT 1 FROM chart_mark m WHERE m.patient = found.patient AND m.away)
            FROM (SELECT v.patient, v.received_at AS received,
                    CASE WHEN v.change IS NULL THEN 0 ELSE v.written_at END AS written,
                    coalesce((SELECT s.value FROM search_index s WHERE s.seq = v.seq AND s.parameter = 'date'
                        ORDER BY s.value DESC LIMIT 1), '') AS dated
                FROM version v WHERE NOT v.superseded AND NOT v.gone AND v.patient IS NOT NULL AND v.practice = $1
                AND v.patient > $4) found
            GROUP BY patient ORDER BY patient LIMIT $5";
        let (practice, bytes) = (practice.uuid(), millis_bytes(millis(since)));
        let of: Params<'_> = &[&practice, &millis(since), &bytes, &after, &i64::from(most)];
        self.all(sql, of, |row| {
            Ok(ChartRow { patient: row.parsed(0)?, rests: row.get(1)?, is_away: row.get(2)? })
        })
    }

    fn drawers_of_chart(&self, patient: &PatientId) -> Result<Vec<Drawer>, StoreError> {
        let sql = "SELECT DISTINCT drawer FROM version
            WHERE patient = $1 AND NOT superseded AND NOT gone AND drawer <> 'demographics'";
        self.all(sql, &[&patient.as_str()], |row| row.parsed(0))
    }

    fn mark_chart(
        &self,
        practice: PracticeId,
        patient: &PatientId,
        drawer: Drawer,
        is_away: bool,
    ) -> Result<(), StoreError> {
        // One sequence for rows and marks: a cursor stands for both.
        let sql = "INSERT INTO chart_mark (patient, drawer, practice, seq, away)
            VALUES ($1, $2, $3, nextval('version_seq_seq'), $4)
            ON CONFLICT (patient, drawer) DO UPDATE SET seq = excluded.seq, away = excluded.away";
        self.send(sql, &[&patient.as_str(), &drawer.as_str(), &practice.uuid(), &is_away])
    }

    fn bring_back(&self, _practice: PracticeId, patient: &PatientId) -> Result<(), StoreError> {
        // Nobody waits for it: it goes with every version that is stored.
        let sql = "UPDATE chart_mark SET away = false, seq = nextval('version_seq_seq') WHERE patient = $1 AND away";
        self.send(sql, &[&patient.as_str()])
    }

    fn marks_after(
        &self,
        practice: PracticeId,
        drawer: Drawer,
        after: u64,
        most: u32,
    ) -> Result<Vec<ChartMark>, StoreError> {
        let sql = "SELECT seq, patient, away FROM chart_mark
            WHERE drawer = $1 AND seq > $2 AND practice = $3 ORDER BY seq LIMIT $4";
        let of: Params<'_> = &[&drawer.as_str(), &count(after), &practice.uuid(), &i64::from(most)];
        self.all(sql, of, |row| {
            Ok(ChartMark { seq: row.number(0)?, patient: row.get(1)?, is_away: row.get(2)? })
        })
    }

    fn chart(
        &self,
        permit: &Permit,
        patient: &str,
        drawer: Drawer,
        page: &mut HistoryWriter,
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {SEALED} FROM {SEALED_FROM} WHERE v.patient = $1 AND v.drawer = $2
            AND NOT v.superseded AND NOT v.gone AND v.practice = $3 ORDER BY v.seq"
        );
        let practice = permit.actor().practice.uuid();
        let of: Params<'_> = &[&patient, &drawer.as_str(), &practice];
        let mut rows = std::pin::pin!(self.stream(&sql, of)?);
        while let Some(row) = self.wait(rows.try_next())? {
            let row = Columns(&row);
            page.put(row.get(0)?, row.get(1)?, row.number(2)?, &self.opened(practice, &row, 0)?);
        }
        Ok(())
    }

    fn count_charts(&self) -> Result<(u64, u64), StoreError> {
        let sql =
            "SELECT (SELECT count(*) FROM version WHERE kind = 'Patient' AND NOT superseded AND NOT gone),
            (SELECT count(DISTINCT patient) FROM chart_mark WHERE away)";
        Ok(self.first(sql, &[], |row| Ok((row.number(0)?, row.number(1)?)))?.unwrap_or_default())
    }
}
