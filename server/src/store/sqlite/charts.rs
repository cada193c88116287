//! The marks of charts in SQL.

use super::column::{count, millis};
use super::{StoreError, Work, failed};
use crate::store::sealing::{SEALED, SEALED_FROM};
use crate::store::{ChartMark, ChartRow, Charts};
use jiff::Timestamp;
use records::Drawer;
use records::id::{PatientId, PracticeId};
use records::rights::Permit;
use records::search::millis_bytes;
use sqlcipher::rusqlite::params;
use sync::wire::HistoryWriter;

impl Charts for Work<'_> {
    fn charts(
        &self,
        practice: PracticeId,
        since: Timestamp,
        after: &str,
        most: u32,
    ) -> Result<Vec<ChartRow>, StoreError> {
        let sql = "SELECT patient, max(written) < ?2 AND max(dated >= ?3) = 0 AND (max(dated <> x'') = 1 OR max(received) < ?2),
                EXISTS (SELECT 1 FROM chart_mark m WHERE m.patient = found.patient AND m.away = 1)
            FROM (SELECT v.patient, v.received_at AS received,
                    CASE WHEN v.change IS NULL THEN 0 ELSE v.written_at END AS written,
                    coalesce((SELECT s.value FROM search_index s WHERE s.seq = v.seq AND s.parameter = 'date'
                        ORDER BY s.value DESC LIMIT 1), x'') AS dated
                FROM version v WHERE v.superseded = 0 AND v.gone = 0 AND v.patient IS NOT NULL AND v.practice = ?1
                AND v.patient > ?4) found
            GROUP BY patient ORDER BY patient LIMIT ?5";
        let (practice, bytes) = (practice.uuid().into_bytes(), millis_bytes(millis(since)));
        self.all(sql, params![practice, millis(since), bytes, after, most], |row| {
            Ok(ChartRow { patient: row.parsed(0)?, rests: row.get(1)?, is_away: row.get(2)? })
        })
    }

    fn drawers_of_chart(&self, patient: &PatientId) -> Result<Vec<Drawer>, StoreError> {
        let sql = "SELECT DISTINCT drawer FROM version
            WHERE patient = ?1 AND superseded = 0 AND gone = 0 AND drawer <> 'demographics'";
        self.all(sql, params![patient.as_str()], |row| row.parsed(0))
    }

    fn mark_chart(
        &self,
        practice: PracticeId,
        patient: &PatientId,
        drawer: Drawer,
        is_away: bool,
    ) -> Result<(), StoreError> {
        // One sequence for rows and marks: a cursor stands for both.
        let sql = "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'version' RETURNING seq";
        let seq = self.first(sql, [], |row| row.number(0))?;
        let seq = seq.ok_or(StoreError::Unreadable("the sequence of versions"))?;
        let sql = "INSERT INTO chart_mark (patient, drawer, practice, seq, away) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (patient, drawer) DO UPDATE SET seq = excluded.seq, away = excluded.away";
        let practice = practice.uuid().into_bytes();
        self.run(sql, params![patient.as_str(), drawer.as_str(), practice, count(seq), is_away])?;
        Ok(())
    }

    fn bring_back(&self, practice: PracticeId, patient: &PatientId) -> Result<(), StoreError> {
        let sql = "SELECT drawer FROM chart_mark WHERE patient = ?1 AND away = 1";
        let away = self.all(sql, params![patient.as_str()], |row| row.parsed(0))?;
        away.into_iter().try_for_each(|drawer| self.mark_chart(practice, patient, drawer, false))
    }

    fn marks_after(
        &self,
        practice: PracticeId,
        drawer: Drawer,
        after: u64,
        most: u32,
    ) -> Result<Vec<ChartMark>, StoreError> {
        let sql = "SELECT seq, patient, away FROM chart_mark
            WHERE drawer = ?1 AND seq > ?2 AND practice = ?3 ORDER BY seq LIMIT ?4";
        let of = params![drawer.as_str(), count(after), practice.uuid().into_bytes(), most];
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
            "SELECT {SEALED} FROM {SEALED_FROM} WHERE v.patient = ?1 AND v.drawer = ?2
            AND v.superseded = 0 AND v.gone = 0 AND v.practice = ?3 ORDER BY v.seq"
        );
        let practice = permit.actor().practice.uuid();
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows =
            statement.query(params![patient, drawer.as_str(), practice.into_bytes()]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let row = super::column::Columns(row);
            page.put(row.text(0)?, row.text(1)?, row.number(2)?, &self.opened(practice, &row, 0)?);
        }
        Ok(())
    }

    fn count_charts(&self) -> Result<(u64, u64), StoreError> {
        let sql =
            "SELECT (SELECT count(*) FROM version WHERE kind = 'Patient' AND superseded = 0 AND gone = 0),
            (SELECT count(DISTINCT patient) FROM chart_mark WHERE away = 1)";
        Ok(self.first(sql, [], |row| Ok((row.number(0)?, row.number(1)?)))?.unwrap_or_default())
    }
}
