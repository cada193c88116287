//! Chronic diseases with their ICD-10-CM codes: whom they meet, and how they are treated.

use super::fhir::Label;
use super::formulary::{
    ABACAVIR, ACETAMINOPHEN, ALBUTEROL, ALENDRONATE, ALLOPURINOL, AMLODIPINE_5, AMLODIPINE_10, APIXABAN,
    ASPIRIN_81, ATORVASTATIN_20, ATORVASTATIN_40, BICTEGRAVIR, BUPRENORPHINE, CARVEDILOL, CETIRIZINE,
    CLOPIDOGREL, DONEPEZIL, EMPAGLIFLOZIN, ESCITALOPRAM, EZETIMIBE, FERROUS_SULFATE, FLUTICASONE_INHALER,
    FLUTICASONE_NASAL, FUROSEMIDE, GLIPIZIDE, HYDROCHLOROTHIAZIDE, INSULIN_GLARGINE, LEVOTHYROXINE_50,
    LEVOTHYROXINE_88, LISINOPRIL_10, LISINOPRIL_20, LOSARTAN_50, METFORMIN_500, METFORMIN_1000,
    METHYLPHENIDATE, METOPROLOL, MONTELUKAST, NALTREXONE, NAPROXEN, OMEPRAZOLE, ROSUVASTATIN, SERTRALINE_50,
    SERTRALINE_100, SPIRONOLACTONE, SUMATRIPTAN, TAMSULOSIN, TIOTROPIUM, TOPIRAMATE, WARFARIN,
};
use super::medicine::Prescription;
use super::persona::Sex;

/// A disease that stays on the problem list.
#[derive(Debug)]
pub(super) struct Disease {
    pub(super) kind: Chronic,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    /// How a note speaks of it.
    pub(super) short: &'static str,
    /// Cases per 1000 people younger than 18, 40, 65, and older.
    risk: [u64; 4],
    pub(super) only: Option<Sex>,
    /// How much likelier it is with another disease: that one, and the factor.
    after: Option<(Chronic, u64)>,
    /// The ways to treat it. Each is a row of steps, the next one when the one before is not enough.
    pub(super) treatments: &'static [&'static [&'static Prescription]],
    /// What is taken beside any of them.
    pub(super) besides: &'static [&'static Prescription],
    pub(super) labels: &'static [Label],
    /// Years since it began, at most.
    pub(super) longest_years: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Chronic {
    Hypertension,
    Diabetes,
    Hyperlipidemia,
    Hypothyroidism,
    Asthma,
    ObstructiveLungDisease,
    CoronaryDisease,
    AtrialFibrillation,
    HeartFailure,
    KidneyDisease,
    Reflux,
    KneeArthrosis,
    BackPain,
    Osteoporosis,
    Depression,
    Anxiety,
    AttentionDeficit,
    Migraine,
    Eczema,
    ProstateHyperplasia,
    Gout,
    Obesity,
    SleepApnea,
    IronDeficiency,
    AllergicRhinitis,
    Alzheimer,
    Nicotine,
    Alcohol,
    Opioid,
    Hiv,
}

impl Disease {
    /// Cases per 1000 people of this age, sex and previous diseases.
    pub(super) fn risk(&self, age: i64, sex: Sex, has: impl Fn(Chronic) -> bool) -> u64 {
        if self.only.is_some_and(|only| only != sex) {
            return 0;
        }
        let band = match age {
            ..18 => 0,
            18..40 => 1,
            40..65 => 2,
            65.. => 3,
        };
        let factor = match self.after {
            Some((other, factor)) if has(other) => factor,
            Some(_) | None => 1,
        };
        self.risk[band] * factor
    }
}

pub(super) fn disease(kind: Chronic) -> &'static Disease {
    DISEASES.iter().find(|disease| disease.kind == kind).unwrap_or(&DISEASES[0])
}

/// In an order in which each may raise the risk of the later ones.
pub(super) static DISEASES: [Disease; 30] = [
    common(Chronic::Obesity, "E66.9", "Obesity, unspecified", "obesity", [60, 180, 260, 220]),
    common(
        Chronic::Hypertension,
        "I10",
        "Essential (primary) hypertension",
        "hypertension",
        [1, 60, 330, 600],
    )
    .after(Chronic::Obesity, 2)
    .treated(&[
        &[&LISINOPRIL_10, &LISINOPRIL_20, &AMLODIPINE_5],
        &[&AMLODIPINE_5, &AMLODIPINE_10],
        &[&LOSARTAN_50, &HYDROCHLOROTHIAZIDE],
    ]),
    common(
        Chronic::Diabetes,
        "E11.9",
        "Type 2 diabetes mellitus without complications",
        "type 2 diabetes",
        [1, 20, 110, 190],
    )
    .after(Chronic::Obesity, 2)
    .treated(&[
        &[&METFORMIN_500, &METFORMIN_1000, &EMPAGLIFLOZIN],
        &[&METFORMIN_500, &METFORMIN_1000, &INSULIN_GLARGINE],
        &[&METFORMIN_1000, &GLIPIZIDE],
    ]),
    common(
        Chronic::Hyperlipidemia,
        "E78.5",
        "Hyperlipidemia, unspecified",
        "hyperlipidemia",
        [1, 50, 260, 420],
    )
    .after(Chronic::Diabetes, 2)
    .treated(&[&[&ATORVASTATIN_20, &ATORVASTATIN_40], &[&ROSUVASTATIN, &EZETIMIBE]]),
    common(
        Chronic::Nicotine,
        "F17.210",
        "Nicotine dependence, cigarettes, uncomplicated",
        "smoking",
        [0, 130, 150, 70],
    ),
    common(
        Chronic::CoronaryDisease,
        "I25.10",
        "Atherosclerotic heart disease of native coronary artery without angina pectoris",
        "coronary disease",
        [0, 1, 40, 140],
    )
    .after(Chronic::Nicotine, 2)
    .treated(&[&[&ASPIRIN_81], &[&CLOPIDOGREL]])
    .besides(&[&METOPROLOL])
    .within(15),
    common(
        Chronic::AtrialFibrillation,
        "I48.91",
        "Unspecified atrial fibrillation",
        "atrial fibrillation",
        [0, 1, 15, 90],
    )
    .after(Chronic::Hypertension, 2)
    .treated(&[&[&APIXABAN], &[&WARFARIN]])
    .within(10),
    common(
        Chronic::HeartFailure,
        "I50.22",
        "Chronic systolic (congestive) heart failure",
        "heart failure",
        [0, 0, 10, 50],
    )
    .after(Chronic::CoronaryDisease, 4)
    .treated(&[&[&CARVEDILOL], &[&METOPROLOL]])
    .besides(&[&FUROSEMIDE, &SPIRONOLACTONE])
    .within(8),
    common(
        Chronic::KidneyDisease,
        "N18.31",
        "Chronic kidney disease, stage 3a",
        "chronic kidney disease",
        [0, 1, 20, 80],
    )
    .after(Chronic::Diabetes, 3)
    .within(8),
    common(
        Chronic::Hypothyroidism,
        "E03.9",
        "Hypothyroidism, unspecified",
        "hypothyroidism",
        [3, 25, 70, 120],
    )
    .treated(&[&[&LEVOTHYROXINE_50, &LEVOTHYROXINE_88]]),
    common(Chronic::Asthma, "J45.909", "Unspecified asthma, uncomplicated", "asthma", [90, 80, 70, 50])
        .treated(&[&[&ALBUTEROL], &[&ALBUTEROL, &FLUTICASONE_INHALER]]),
    common(
        Chronic::ObstructiveLungDisease,
        "J44.9",
        "Chronic obstructive pulmonary disease, unspecified",
        "COPD",
        [0, 1, 30, 80],
    )
    .after(Chronic::Nicotine, 6)
    .treated(&[&[&TIOTROPIUM]])
    .besides(&[&ALBUTEROL])
    .within(15),
    common(
        Chronic::AllergicRhinitis,
        "J30.2",
        "Other seasonal allergic rhinitis",
        "seasonal allergic rhinitis",
        [80, 110, 90, 50],
    )
    .after(Chronic::Asthma, 3)
    .treated(&[&[&CETIRIZINE], &[&CETIRIZINE, &MONTELUKAST], &[&FLUTICASONE_NASAL]]),
    common(
        Chronic::Reflux,
        "K21.9",
        "Gastro-esophageal reflux disease without esophagitis",
        "reflux disease",
        [5, 50, 130, 170],
    )
    .treated(&[&[&OMEPRAZOLE]]),
    common(
        Chronic::KneeArthrosis,
        "M17.11",
        "Unilateral primary osteoarthritis, right knee",
        "osteoarthritis of the knee",
        [0, 5, 80, 240],
    )
    .after(Chronic::Obesity, 2)
    .treated(&[&[&ACETAMINOPHEN], &[&NAPROXEN]]),
    common(Chronic::BackPain, "M54.50", "Low back pain, unspecified", "low back pain", [5, 70, 110, 100])
        .treated(&[&[&NAPROXEN], &[&ACETAMINOPHEN]])
        .within(6),
    common(
        Chronic::Osteoporosis,
        "M81.0",
        "Age-related osteoporosis without current pathological fracture",
        "osteoporosis",
        [0, 0, 20, 170],
    )
    .only(Sex::Female)
    .treated(&[&[&ALENDRONATE]])
    .within(8),
    common(
        Chronic::Depression,
        "F33.1",
        "Major depressive disorder, recurrent, moderate",
        "depression",
        [15, 80, 90, 70],
    )
    .treated(&[&[&SERTRALINE_50, &SERTRALINE_100], &[&ESCITALOPRAM]])
    .labelled(&[Label::MentalHealth]),
    common(
        Chronic::Anxiety,
        "F41.1",
        "Generalized anxiety disorder",
        "generalized anxiety",
        [15, 50, 50, 30],
    )
    .after(Chronic::Depression, 3)
    .treated(&[&[&ESCITALOPRAM], &[&SERTRALINE_50]])
    .labelled(&[Label::MentalHealth]),
    common(
        Chronic::AttentionDeficit,
        "F90.2",
        "Attention-deficit hyperactivity disorder, combined type",
        "ADHD",
        [60, 15, 3, 0],
    )
    .treated(&[&[&METHYLPHENIDATE]])
    .labelled(&[Label::MentalHealth])
    .within(6),
    common(
        Chronic::Migraine,
        "G43.909",
        "Migraine, unspecified, not intractable, without status migrainosus",
        "migraine",
        [15, 90, 80, 30],
    )
    .treated(&[&[&SUMATRIPTAN], &[&SUMATRIPTAN, &TOPIRAMATE]]),
    common(Chronic::Eczema, "L20.9", "Atopic dermatitis, unspecified", "atopic dermatitis", [90, 40, 30, 30]),
    common(
        Chronic::ProstateHyperplasia,
        "N40.1",
        "Benign prostatic hyperplasia with lower urinary tract symptoms",
        "prostatic hyperplasia",
        [0, 0, 80, 300],
    )
    .only(Sex::Male)
    .treated(&[&[&TAMSULOSIN]])
    .within(12),
    common(Chronic::Gout, "M10.9", "Gout, unspecified", "gout", [0, 5, 35, 70]).treated(&[&[&ALLOPURINOL]]),
    common(
        Chronic::SleepApnea,
        "G47.33",
        "Obstructive sleep apnea (adult) (pediatric)",
        "obstructive sleep apnea",
        [2, 15, 60, 80],
    )
    .after(Chronic::Obesity, 3)
    .within(10),
    common(
        Chronic::IronDeficiency,
        "D50.9",
        "Iron deficiency anemia, unspecified",
        "iron deficiency anemia",
        [10, 30, 25, 30],
    )
    .treated(&[&[&FERROUS_SULFATE]])
    .within(2),
    common(
        Chronic::Alzheimer,
        "G30.9",
        "Alzheimer's disease, unspecified",
        "Alzheimer's disease",
        [0, 0, 1, 60],
    )
    .treated(&[&[&DONEPEZIL]])
    .within(6),
    common(
        Chronic::Alcohol,
        "F10.20",
        "Alcohol dependence, uncomplicated",
        "alcohol dependence",
        [0, 15, 25, 12],
    )
    .treated(&[&[&NALTREXONE]])
    .labelled(&[Label::SubstanceUse, Label::Restricted])
    .within(12),
    common(Chronic::Opioid, "F11.20", "Opioid dependence, uncomplicated", "opioid dependence", [0, 8, 6, 1])
        .treated(&[&[&BUPRENORPHINE]])
        .labelled(&[Label::SubstanceUse, Label::Restricted])
        .within(8),
    common(Chronic::Hiv, "B20", "Human immunodeficiency virus [HIV] disease", "HIV infection", [0, 4, 5, 2])
        .treated(&[&[&BICTEGRAVIR], &[&ABACAVIR]])
        .labelled(&[Label::Hiv, Label::Restricted]),
];

const fn common(
    kind: Chronic,
    code: &'static str,
    title: &'static str,
    short: &'static str,
    risk: [u64; 4],
) -> Disease {
    Disease {
        kind,
        code,
        title,
        short,
        risk,
        only: None,
        after: None,
        treatments: &[],
        besides: &[],
        labels: &[],
        longest_years: 20,
    }
}

impl Disease {
    const fn after(mut self, other: Chronic, factor: u64) -> Disease {
        self.after = Some((other, factor));
        self
    }

    const fn treated(mut self, treatments: &'static [&'static [&'static Prescription]]) -> Disease {
        self.treatments = treatments;
        self
    }

    const fn besides(mut self, medicines: &'static [&'static Prescription]) -> Disease {
        self.besides = medicines;
        self
    }

    const fn only(mut self, sex: Sex) -> Disease {
        self.only = Some(sex);
        self
    }

    const fn labelled(mut self, labels: &'static [Label]) -> Disease {
        self.labels = labels;
        self
    }

    const fn within(mut self, years: i64) -> Disease {
        self.longest_years = years;
        self
    }
}
