//! The formulary: every medicine that is prescribed here, with its usual directions.

use super::medicine::Often::{
    Bedtime, Daily, EverySixHours, FourTimesDaily, Morning, ThreeTimesDaily, TwiceDaily, Weekly,
};
use super::medicine::{Family, Form, Measure, Often, Prescription};
use super::numbers::Decimal;

// Heart and vessels.
pub(super) const LISINOPRIL_10: Prescription =
    tablet("lisinopril", "10 mg", mg(10), Daily).coded("29046").of(Family::AceInhibitor);
pub(super) const LISINOPRIL_20: Prescription =
    tablet("lisinopril", "20 mg", mg(20), Daily).coded("29046").of(Family::AceInhibitor);
pub(super) const LOSARTAN_50: Prescription = tablet("losartan", "50 mg", mg(50), Daily).coded("52175");
pub(super) const AMLODIPINE_5: Prescription = tablet("amlodipine", "5 mg", mg(5), Daily).coded("17767");
pub(super) const AMLODIPINE_10: Prescription = tablet("amlodipine", "10 mg", mg(10), Daily).coded("17767");
pub(super) const HYDROCHLOROTHIAZIDE: Prescription =
    tablet("hydrochlorothiazide", "25 mg", mg(25), Morning).coded("5487");
pub(super) const METOPROLOL: Prescription =
    tablet("metoprolol tartrate", "50 mg", mg(50), TwiceDaily).coded("6918");
pub(super) const CARVEDILOL: Prescription =
    tablet("carvedilol", "12.5 mg", Decimal::new(125, 1), TwiceDaily).coded("20352");
pub(super) const FUROSEMIDE: Prescription = tablet("furosemide", "40 mg", mg(40), Morning).coded("4603");
pub(super) const SPIRONOLACTONE: Prescription =
    tablet("spironolactone", "25 mg", mg(25), Daily).coded("9997");
pub(super) const ASPIRIN_81: Prescription =
    tablet("aspirin", "81 mg", mg(81), Daily).coded("1191").of(Family::AntiInflammatory);
pub(super) const CLOPIDOGREL: Prescription = tablet("clopidogrel", "75 mg", mg(75), Daily).coded("32968");
pub(super) const WARFARIN: Prescription = tablet("warfarin", "5 mg", mg(5), Daily).coded("11289");
pub(super) const APIXABAN: Prescription = tablet("apixaban", "5 mg", mg(5), TwiceDaily).coded("1364430");
pub(super) const ATORVASTATIN_20: Prescription =
    tablet("atorvastatin", "20 mg", mg(20), Bedtime).coded("83367").of(Family::Statin);
pub(super) const ATORVASTATIN_40: Prescription =
    tablet("atorvastatin", "40 mg", mg(40), Bedtime).coded("83367").of(Family::Statin);
pub(super) const ROSUVASTATIN: Prescription =
    tablet("rosuvastatin", "10 mg", mg(10), Daily).coded("301542").of(Family::Statin);
pub(super) const EZETIMIBE: Prescription = tablet("ezetimibe", "10 mg", mg(10), Daily);

// Metabolism.
pub(super) const METFORMIN_500: Prescription =
    tablet("metformin", "500 mg", mg(500), TwiceDaily).coded("6809");
pub(super) const METFORMIN_1000: Prescription =
    tablet("metformin", "1000 mg", mg(1000), TwiceDaily).coded("6809");
pub(super) const GLIPIZIDE: Prescription = tablet("glipizide", "5 mg", mg(5), Morning).coded("4821");
pub(super) const EMPAGLIFLOZIN: Prescription =
    tablet("empagliflozin", "10 mg", mg(10), Morning).coded("1545653");
pub(super) const INSULIN_GLARGINE: Prescription =
    given(Form::Injection, Measure::InternationalUnit, "insulin glargine", "100 units/mL", 18, Bedtime)
        .coded("274783");
pub(super) const LEVOTHYROXINE_50: Prescription =
    micrograms(tablet("levothyroxine", "50 micrograms", mg(50), Morning)).coded("10582");
pub(super) const LEVOTHYROXINE_88: Prescription =
    micrograms(tablet("levothyroxine", "88 micrograms", mg(88), Morning)).coded("10582");
pub(super) const ALLOPURINOL: Prescription = tablet("allopurinol", "300 mg", mg(300), Daily).coded("519");
pub(super) const ALENDRONATE: Prescription = tablet("alendronate", "70 mg", mg(70), Weekly).coded("46041");
pub(super) const FERROUS_SULFATE: Prescription =
    tablet("ferrous sulfate", "325 mg", mg(325), Daily).coded("24947");

// Breathing and allergy.
pub(super) const ALBUTEROL: Prescription =
    given(Form::Inhaler, Measure::Puff, "albuterol", "90 micrograms/puff", 2, EverySixHours)
        .coded("435")
        .when_needed("wheezing");
pub(super) const ALBUTEROL_COURSE: Prescription =
    given(Form::Inhaler, Measure::Puff, "albuterol", "90 micrograms/puff", 2, EverySixHours)
        .coded("435")
        .course(14)
        .when_needed("cough and wheezing");
pub(super) const FLUTICASONE_INHALER: Prescription =
    given(Form::Inhaler, Measure::Puff, "fluticasone propionate", "110 micrograms/puff", 2, TwiceDaily)
        .coded("41126");
pub(super) const TIOTROPIUM: Prescription =
    given(Form::Inhaler, Measure::Puff, "tiotropium", "2.5 micrograms/puff", 2, Daily);
pub(super) const MONTELUKAST: Prescription = tablet("montelukast", "10 mg", mg(10), Bedtime).coded("88249");
pub(super) const CETIRIZINE: Prescription =
    tablet("cetirizine", "10 mg", mg(10), Daily).coded("20610").when_needed("sneezing and itching");
pub(super) const FLUTICASONE_NASAL: Prescription =
    given(Form::NasalSpray, Measure::Spray, "fluticasone propionate", "50 micrograms/spray", 1, Daily)
        .coded("41126")
        .course(60);

// Mind and nerves.
pub(super) const SERTRALINE_50: Prescription = tablet("sertraline", "50 mg", mg(50), Daily).coded("36437");
pub(super) const SERTRALINE_100: Prescription = tablet("sertraline", "100 mg", mg(100), Daily).coded("36437");
pub(super) const ESCITALOPRAM: Prescription = tablet("escitalopram", "10 mg", mg(10), Daily).coded("321988");
pub(super) const METHYLPHENIDATE: Prescription =
    tablet("methylphenidate", "10 mg", mg(10), TwiceDaily).coded("6901");
pub(super) const SUMATRIPTAN: Prescription =
    tablet("sumatriptan", "50 mg", mg(50), Daily).coded("37418").when_needed("migraine");
pub(super) const TOPIRAMATE: Prescription = tablet("topiramate", "50 mg", mg(50), TwiceDaily).coded("38404");
pub(super) const DONEPEZIL: Prescription = tablet("donepezil", "10 mg", mg(10), Bedtime).coded("135447");
pub(super) const BUPRENORPHINE: Prescription =
    tablet("buprenorphine and naloxone", "8 mg/2 mg", mg(8), Daily);
pub(super) const NALTREXONE: Prescription = tablet("naltrexone", "50 mg", mg(50), Daily).coded("7243");

// Digestion, joints, skin, bladder.
pub(super) const OMEPRAZOLE: Prescription = capsule("omeprazole", "20 mg", mg(20), Morning).coded("7646");
pub(super) const NAPROXEN: Prescription = tablet("naproxen", "500 mg", mg(500), TwiceDaily)
    .coded("7258")
    .when_needed("pain")
    .of(Family::AntiInflammatory);
pub(super) const IBUPROFEN: Prescription = tablet("ibuprofen", "600 mg", mg(600), EverySixHours)
    .coded("5640")
    .course(7)
    .when_needed("pain")
    .of(Family::AntiInflammatory);
pub(super) const ACETAMINOPHEN: Prescription = tablet("acetaminophen", "500 mg", mg(1000), EverySixHours)
    .coded("161")
    .when_needed("pain")
    .in_units(Form::Tablet, 2);
pub(super) const ACETAMINOPHEN_COURSE: Prescription =
    tablet("acetaminophen", "500 mg", mg(1000), EverySixHours)
        .coded("161")
        .when_needed("pain or fever")
        .in_units(Form::Tablet, 2)
        .course(5);
pub(super) const CODEINE: Prescription = tablet("codeine", "30 mg", mg(30), EverySixHours)
    .coded("2670")
    .when_needed("severe pain")
    .course(3)
    .of(Family::Opioid);
pub(super) const TAMSULOSIN: Prescription =
    capsule("tamsulosin", "0.4 mg", Decimal::new(4, 1), Bedtime).coded("77492");
pub(super) const TRIAMCINOLONE: Prescription =
    given(Form::Cream, Measure::Application, "triamcinolone", "0.1 %", 1, TwiceDaily)
        .coded("10759")
        .course(14);

// Infections.
pub(super) const AMOXICILLIN: Prescription =
    capsule("amoxicillin", "500 mg", mg(500), ThreeTimesDaily).coded("723").course(10).of(Family::Penicillin);
pub(super) const AMOXICILLIN_CHILD: Prescription = tablet("amoxicillin", "400 mg/5 mL", mg(400), TwiceDaily)
    .coded("723")
    .course(10)
    .of(Family::Penicillin)
    .in_units(Form::Suspension, 5);
pub(super) const PENICILLIN_V: Prescription = tablet("penicillin V potassium", "500 mg", mg(500), TwiceDaily)
    .coded("7984")
    .course(10)
    .of(Family::Penicillin);
pub(super) const AZITHROMYCIN: Prescription =
    tablet("azithromycin", "250 mg", mg(250), Daily).coded("18631").course(5).of(Family::Macrolide);
pub(super) const AZITHROMYCIN_CHILD: Prescription = tablet("azithromycin", "200 mg/5 mL", mg(200), Daily)
    .coded("18631")
    .course(5)
    .of(Family::Macrolide)
    .in_units(Form::Suspension, 5);
pub(super) const CEPHALEXIN: Prescription =
    capsule("cephalexin", "500 mg", mg(500), FourTimesDaily).coded("2231").course(7);
pub(super) const DOXYCYCLINE: Prescription =
    capsule("doxycycline", "100 mg", mg(100), TwiceDaily).coded("3640").course(7);
pub(super) const NITROFURANTOIN: Prescription =
    capsule("nitrofurantoin", "100 mg", mg(100), TwiceDaily).coded("7454").course(5);
pub(super) const CO_TRIMOXAZOLE: Prescription =
    tablet("sulfamethoxazole and trimethoprim", "800 mg/160 mg", mg(800), TwiceDaily)
        .course(3)
        .of(Family::Sulfonamide);
pub(super) const MOXIFLOXACIN_EYE: Prescription =
    given(Form::EyeDrops, Measure::Drop, "moxifloxacin", "0.5 %", 1, ThreeTimesDaily).course(7);
pub(super) const BICTEGRAVIR: Prescription =
    tablet("bictegravir, emtricitabine and tenofovir alafenamide", "50 mg/200 mg/25 mg", mg(50), Daily);
pub(super) const ABACAVIR: Prescription =
    tablet("abacavir, dolutegravir and lamivudine", "600 mg/50 mg/300 mg", mg(600), Daily)
        .of(Family::Abacavir);

impl Prescription {
    const fn coded(mut self, rxnorm: &'static str) -> Prescription {
        self.rxnorm = Some(rxnorm);
        self
    }

    const fn course(mut self, days: i64) -> Prescription {
        self.days = Some(days);
        self
    }

    const fn when_needed(mut self, reason: &'static str) -> Prescription {
        self.as_needed = Some(reason);
        self
    }

    const fn of(mut self, family: Family) -> Prescription {
        self.family = family;
        self
    }

    const fn in_units(mut self, form: Form, units: i64) -> Prescription {
        self.form = form;
        self.units = units;
        self
    }
}

const fn tablet(name: &'static str, strength: &'static str, dose: Decimal, often: Often) -> Prescription {
    let (form, measure, family) = (Form::Tablet, Measure::Milligram, Family::Other);
    Prescription {
        name,
        rxnorm: None,
        strength,
        form,
        units: 1,
        dose,
        measure,
        often,
        days: None,
        as_needed: None,
        family,
    }
}

const fn capsule(name: &'static str, strength: &'static str, dose: Decimal, often: Often) -> Prescription {
    tablet(name, strength, dose, often).in_units(Form::Capsule, 1)
}

const fn given(
    form: Form,
    measure: Measure,
    name: &'static str,
    strength: &'static str,
    dose: i64,
    often: Often,
) -> Prescription {
    let mut prescription = tablet(name, strength, Decimal::whole(dose), often);
    prescription.form = form;
    prescription.measure = measure;
    prescription
}

const fn micrograms(mut prescription: Prescription) -> Prescription {
    prescription.measure = Measure::Microgram;
    prescription
}

const fn mg(value: i64) -> Decimal {
    Decimal::whole(value)
}
