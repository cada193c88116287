//! Illnesses that pass, with their ICD-10-CM codes: whom they meet, how they look, and what is prescribed.

use super::fhir::Label;
use super::formulary::{
    ACETAMINOPHEN_COURSE, ALBUTEROL_COURSE, AMOXICILLIN, AMOXICILLIN_CHILD, AZITHROMYCIN, AZITHROMYCIN_CHILD,
    CEPHALEXIN, CO_TRIMOXAZOLE, CODEINE, DOXYCYCLINE, IBUPROFEN, MOXIFLOXACIN_EYE, NITROFURANTOIN,
    PENICILLIN_V, TRIAMCINOLONE,
};
use super::medicine::Prescription;
use super::persona::Sex;

/// An illness that passes.
#[derive(Debug)]
pub(super) struct Illness {
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) complaint: &'static str,
    pub(super) finding: &'static str,
    pub(super) only: Option<Sex>,
    /// Ages in years whom it meets.
    pub(super) ages: (i64, i64),
    pub(super) fever: bool,
    /// Days until it is over.
    pub(super) days: i64,
    pub(super) adult: &'static [&'static Prescription],
    pub(super) child: &'static [&'static Prescription],
    pub(super) labels: &'static [Label],
}

pub(super) static ILLNESSES: [Illness; 15] = [
    illness(
        "J06.9",
        "Acute upper respiratory infection, unspecified",
        "Cough and runny nose for 3 days",
        "Throat slightly red, lungs clear.",
        (0, 110),
        10,
    )
    .feverish(),
    illness(
        "J02.9",
        "Acute pharyngitis, unspecified",
        "Sore throat for 2 days",
        "Tonsils red and swollen, tender neck nodes.",
        (4, 50),
        10,
    )
    .feverish()
    .treated(&[&PENICILLIN_V, &AZITHROMYCIN], &[&AMOXICILLIN_CHILD, &AZITHROMYCIN_CHILD]),
    illness(
        "H66.91",
        "Otitis media, unspecified, right ear",
        "Ear pain since last night",
        "Right eardrum red and bulging.",
        (0, 14),
        14,
    )
    .feverish()
    .treated(&[&AMOXICILLIN, &AZITHROMYCIN], &[&AMOXICILLIN_CHILD, &AZITHROMYCIN_CHILD]),
    illness(
        "J01.90",
        "Acute sinusitis, unspecified",
        "Facial pain and blocked nose for 10 days",
        "Tender over both cheeks.",
        (15, 80),
        14,
    )
    .treated(&[&AMOXICILLIN, &DOXYCYCLINE], &[]),
    illness(
        "J20.9",
        "Acute bronchitis, unspecified",
        "Cough with sputum for a week",
        "Scattered wheeze, no crackles.",
        (16, 95),
        21,
    )
    .feverish()
    .treated(&[&ALBUTEROL_COURSE], &[]),
    illness(
        "N39.0",
        "Urinary tract infection, site not specified",
        "Burning on passing urine",
        "No flank tenderness. Dipstick: leukocytes, nitrite positive.",
        (14, 95),
        7,
    )
    .only(Sex::Female)
    .treated(&[&NITROFURANTOIN, &CO_TRIMOXAZOLE], &[]),
    illness(
        "A09",
        "Infectious gastroenteritis and colitis, unspecified",
        "Vomiting and diarrhea since yesterday",
        "Abdomen soft, well hydrated.",
        (0, 90),
        5,
    ),
    illness(
        "L03.115",
        "Cellulitis of right lower limb",
        "Red, hot swelling of the right lower leg",
        "Warm erythema 8 cm across, no blister.",
        (18, 95),
        10,
    )
    .feverish()
    .treated(&[&CEPHALEXIN, &DOXYCYCLINE], &[]),
    illness(
        "S93.401A",
        "Sprain of unspecified ligament of right ankle, initial encounter",
        "Twisted the right ankle",
        "Swelling over the outer ankle, no bony tenderness.",
        (8, 70),
        28,
    )
    .treated(&[&IBUPROFEN, &ACETAMINOPHEN_COURSE], &[]),
    illness(
        "H10.9",
        "Unspecified conjunctivitis",
        "Red, sticky right eye",
        "Conjunctiva injected, pupil and vision normal.",
        (0, 80),
        7,
    )
    .treated(&[&MOXIFLOXACIN_EYE], &[&MOXIFLOXACIN_EYE]),
    illness(
        "R51.9",
        "Headache, unspecified",
        "Headache for several days",
        "Neurological examination normal.",
        (10, 80),
        14,
    )
    .treated(&[&ACETAMINOPHEN_COURSE], &[]),
    illness(
        "M25.511",
        "Pain in right shoulder",
        "Right shoulder pain when lifting",
        "Painful arc, strength kept.",
        (25, 85),
        42,
    )
    .treated(&[&IBUPROFEN, &ACETAMINOPHEN_COURSE], &[]),
    illness(
        "S61.411A",
        "Laceration without foreign body of right hand, initial encounter",
        "Cut on the right hand",
        "Clean 3 cm cut, tendons intact; closed with 4 sutures.",
        (5, 80),
        14,
    )
    .treated(&[&CODEINE, &ACETAMINOPHEN_COURSE], &[]),
    illness(
        "L30.9",
        "Dermatitis, unspecified",
        "Itchy rash on both forearms",
        "Dry, red patches on the forearms.",
        (1, 90),
        21,
    )
    .treated(&[&TRIAMCINOLONE], &[&TRIAMCINOLONE]),
    illness(
        "A56.2",
        "Chlamydial infection of genitourinary tract, unspecified",
        "Wants a check-up after a partner's diagnosis",
        "Examination normal; test positive.",
        (17, 40),
        14,
    )
    .treated(&[&DOXYCYCLINE, &AZITHROMYCIN], &[])
    .labelled(&[Label::SexuallyTransmitted, Label::Restricted]),
];

const fn illness(
    code: &'static str,
    title: &'static str,
    complaint: &'static str,
    finding: &'static str,
    ages: (i64, i64),
    days: i64,
) -> Illness {
    Illness {
        code,
        title,
        complaint,
        finding,
        only: None,
        ages,
        fever: false,
        days,
        adult: &[],
        child: &[],
        labels: &[],
    }
}

impl Illness {
    const fn feverish(mut self) -> Illness {
        self.fever = true;
        self
    }

    const fn only(mut self, sex: Sex) -> Illness {
        self.only = Some(sex);
        self
    }

    const fn treated(
        mut self,
        adult: &'static [&'static Prescription],
        child: &'static [&'static Prescription],
    ) -> Illness {
        self.adult = adult;
        self.child = child;
        self
    }

    const fn labelled(mut self, labels: &'static [Label]) -> Illness {
        self.labels = labels;
        self
    }
}
