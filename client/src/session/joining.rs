//! Two charts of one person: compared, joined, and separated again; or told apart, and that taken back. Each is one signed change of the two patients' own records, and
//! nothing else is touched, so what waits here or is written elsewhere stays where it is.

use std::collections::BTreeMap;

use keys::Random;
use records::apart::{NotApart, Teller, ToldApart, take_back, tell_apart, told_apart};
use records::change::{Base, Entry};
use records::date::date_text;
use records::find::Query;
use records::id::{ChangeId, PatientId};
use records::link::{NotLinked, join, separate};
use records::rights::{Action, Permit};
use records::same_person::{Comparison, Likeness, compare};
use records::view::PatientSummary;
use records::{DataClass, Document};
use vault::AlikePair;

use super::{OpenSession, patient_id, person_view};
use crate::view::{
    AlikePairRow, AlikePairsForm, AlikePairsView, AlikeRow, ChartSide, ChartsCompared, JoinForm, PatientRow,
    SaveView,
};
use crate::{ClientError, Code};

/// The elements of a patient that joining changes.
const LINK: [&str; 2] = ["active", "link"];
/// The one that telling apart changes.
const MARK: [&str; 1] = ["extension"];

/// A patient's own record, and what an edit of it is made from.
type Own = (Document, Base);

impl OpenSession {
    /// Charts that may be of the same person, for somebody to compare. Showing them is a search, and in the trail as that.
    pub(crate) fn alike_charts(&mut self, patient: &str) -> Result<Vec<AlikeRow>, ClientError> {
        let patient = patient_id(patient)?;
        let permit = self.permit_practice(Action::Search, |allowed| allowed)?;
        let found = self.vault()?.alike(&permit, &patient, self.now())?;
        let summaries: Vec<PatientSummary> = found.iter().map(|(summary, _)| summary.clone()).collect();
        let shown: Vec<PatientId> = summaries.iter().map(|summary| summary.id.clone()).collect();
        self.vault()?.settle(permit, &Query::default(), &shown, self.now())?;
        let rows = self.rows(&summaries, &BTreeMap::new()).into_iter().zip(found);
        let alike = |(row, (_, found)): (PatientRow, (PatientSummary, Comparison))| AlikeRow {
            row,
            certain: found.likeness == Likeness::Certain,
        };
        Ok(rows.map(alike).collect())
    }

    /// Compares some of those who came or changed with the others; whether there are more.
    pub(crate) fn compare_some(&mut self, patients: u32) -> Result<bool, ClientError> {
        Ok(self.vault()?.compare_some(patients)?)
    }

    /// How many pairs of charts may be of one person; none for whoever may not join them.
    pub(crate) fn count_alike(&self) -> Result<u64, ClientError> {
        if !person_view(&self.profile).can_join_charts {
            return Ok(0);
        }
        Ok(self.vault()?.count_alike()?)
    }

    /// Charts that may be of one person, or those that were told apart. Showing them is a search, and in the trail as that.
    pub(crate) fn alike_pairs(&mut self, form: &AlikePairsForm) -> Result<AlikePairsView, ClientError> {
        let permit = self.permit_practice(Action::Search, |allowed| allowed)?;
        let now = self.now();
        let pairs = self.vault()?.alike_pairs(&permit, form.apart, now)?;
        let mut shown: Vec<PatientId> =
            pairs.iter().flat_map(|pair| [pair.one.id.clone(), pair.other.id.clone()]).collect();
        shown.sort_unstable();
        shown.dedup();
        self.vault()?.settle(permit, &Query::default(), &shown, now)?;
        Ok(AlikePairsView { total: self.count_alike()?, rows: pairs.iter().map(pair_row).collect() })
    }

    /// Both patients side by side, and what speaks for one person. Looking is reading, and in the trail as that.
    pub(crate) fn compare_charts(&mut self, form: &JoinForm) -> Result<ChartsCompared, ClientError> {
        let [(survivor, _), (superseded, _)] = self.both(form)?;
        let found = compare(&survivor, &superseded).ok_or(Code::FormInvalid)?;
        let side = |document: &Document| PatientSummary::of(document).as_ref().map(side);
        Ok(ChartsCompared {
            survivor: side(&survivor).ok_or(Code::NotFound)?,
            superseded: side(&superseded).ok_or(Code::NotFound)?,
            certain: found.likeness == Likeness::Certain,
            reasons: found.reasons.iter().map(|reason| reason.as_str().to_owned()).collect(),
            told_apart: self.apart_text(&survivor, &superseded),
            refused: join(&survivor, &superseded).err().map(|refused| refusal(&refused)),
        })
    }

    /// From now on the one chart is used in place of the other.
    pub(crate) fn join_charts(&mut self, form: &JoinForm) -> Result<SaveView, ClientError> {
        let [(survivor, on_survivor), (superseded, on_superseded)] = self.both(form)?;
        let (survivor, superseded) = join(&survivor, &superseded).map_err(|refused| refusal(&refused))?;
        self.save_both([(survivor, on_survivor), (superseded, on_superseded)], &LINK)
    }

    /// They are two people: both records say so, and they are not proposed again.
    pub(crate) fn tell_charts_apart(&mut self, form: &JoinForm) -> Result<SaveView, ClientError> {
        let [(one, on_one), (other, on_other)] = self.both(form)?;
        let by = Teller { person: self.actor.person, name: self.profile.name.clone(), at: self.now() };
        let (one, other) = tell_apart(&one, &other, &by).map_err(|refused| not_apart(&refused))?;
        self.save_both([(one, on_one), (other, on_other)], &MARK)
    }

    /// It is open again whether they are.
    pub(crate) fn take_back_apart(&mut self, form: &JoinForm) -> Result<SaveView, ClientError> {
        let [(one, on_one), (other, on_other)] = self.both(form)?;
        let (one, other) = take_back(&one, &other).map_err(|refused| not_apart(&refused))?;
        self.save_both([(one, on_one), (other, on_other)], &MARK)
    }

    /// Who said that two charts are of two people, and when.
    fn apart_text(&self, one: &Document, other: &Document) -> Option<String> {
        let names = |from: &Document, to: &Document| {
            told_apart(from).into_iter().find(|mark| Some(&mark.other) == to.patient())
        };
        let ToldApart { by, at, .. } = names(one, other).or_else(|| names(other, one))?;
        let at = at.map(|at| date_text(at.to_zoned(self.clock.time_zone()).date()));
        Some([by, at].into_iter().flatten().collect::<Vec<_>>().join(", "))
    }

    /// The two are charts of two people again.
    pub(crate) fn separate_charts(&mut self, form: &JoinForm) -> Result<SaveView, ClientError> {
        let [(survivor, on_survivor), (superseded, on_superseded)] = self.both(form)?;
        let (survivor, superseded) = separate(&survivor, &superseded).map_err(|refused| refusal(&refused))?;
        self.save_both([(survivor, on_survivor), (superseded, on_superseded)], &LINK)
    }

    fn both(&self, form: &JoinForm) -> Result<[Own; 2], ClientError> {
        let (survivor, superseded) = (patient_id(&form.survivor_id)?, patient_id(&form.superseded_id)?);
        Ok([self.own_record(&survivor)?, self.own_record(&superseded)?])
    }

    fn own_record(&self, patient: &PatientId) -> Result<Own, ClientError> {
        let mut facts = self.vault()?.facts(&self.actor, patient, self.now())?;
        facts.classes.retain(|class| *class == DataClass::Demographics);
        let key = patient.key();
        let permit = self.permit_facts(Action::Read, &facts, |allowed| allowed.naming([key.clone()]))?;
        let vault = self.vault()?;
        Ok((vault.read(&permit, &key)?.document, vault.base_of(&key)?))
    }

    fn save_both(&mut self, records: [Own; 2], changed: &[&str]) -> Result<SaveView, ClientError> {
        let now = self.now();
        let id = ChangeId::from_uuid(Random::from_os().uuid_v7(now));
        let [one, other] = &records;
        let permits = [self.permit_half(&one.0, id, changed)?, self.permit_half(&other.0, id, changed)?];
        let entries = records.into_iter().map(|(document, base)| Entry { document, base }).collect();
        let change = self.change_of(id, entries, now)?;
        self.vault()?.save_of_two(permits, &change, &self.pen(), now)?;
        Ok(SaveView { saved: true, warnings: Vec::new(), change_id: Some(id.to_string()) })
    }

    fn permit_half(
        &self,
        document: &Document,
        change: ChangeId,
        changed: &[&str],
    ) -> Result<Permit, ClientError> {
        let patient = document.patient().ok_or(Code::Internal)?;
        let facts = self.vault()?.facts_for_writing(&self.actor, patient, &[document], self.now())?;
        let key = document.key().clone();
        let changed: Vec<String> = changed.iter().map(|name| (*name).to_owned()).collect();
        self.permit_facts(Action::Update, &facts, |allowed| allowed.naming([key]).for_change(change, changed))
    }
}

fn pair_row(pair: &AlikePair) -> AlikePairRow {
    AlikePairRow {
        one: side(&pair.one),
        other: side(&pair.other),
        certain: pair.comparison.likeness == Likeness::Certain,
        reasons: pair.comparison.reasons.iter().map(|reason| reason.as_str().to_owned()).collect(),
    }
}

fn side(patient: &PatientSummary) -> ChartSide {
    ChartSide {
        patient_id: patient.id.to_string(),
        name: patient.display_name.clone(),
        born: patient.born_text(),
        sex: patient.sex.text().to_owned(),
        mrn: patient.mrn.clone(),
        phones: patient.phones.clone(),
        address: patient.address.clone(),
    }
}

/// Somebody joined or separated them elsewhere, or what was asked for makes no sense.
fn refusal(refused: &NotLinked) -> ClientError {
    let (code, words) = match refused {
        NotLinked::Same => (Code::FormInvalid, "Both are the same chart. Choose another one."),
        NotLinked::NotAPatient | NotLinked::Document(_) => return Code::Internal.into(),
        NotLinked::SurvivorReplaced | NotLinked::Circle => (
            Code::ChangedMeanwhile,
            "The chart that would stay is itself part of another one. Choose the one that it belongs to.",
        ),
        NotLinked::AlreadyReplaced => {
            (Code::ChangedMeanwhile, "This chart is part of another one already. Separate the two first.")
        }
        NotLinked::ToldApart => {
            (Code::ChangedMeanwhile, "Somebody said that these are two people. Take that back first.")
        }
        NotLinked::NotJoined => (Code::ChangedMeanwhile, "These charts are not joined any more."),
    };
    ClientError::saying(code, words.to_owned())
}

fn not_apart(refused: &NotApart) -> ClientError {
    let (code, words) = match refused {
        NotApart::Same => (Code::FormInvalid, "Both are the same chart. Choose another one."),
        NotApart::NotAPatient | NotApart::Document(_) => return Code::Internal.into(),
        NotApart::Already => (Code::ChangedMeanwhile, "Somebody said already that these are two people."),
        NotApart::NotTold => (Code::ChangedMeanwhile, "It was taken back already."),
    };
    ClientError::saying(code, words.to_owned())
}
