//! Security labels: the codes in `meta.security` that decide how closely a record is kept.

use serde::Deserialize;

/// HL7 v3 Confidentiality.
pub const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// HL7 v3 `ActCode`: sensitivity and policy codes.
pub const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
/// HL7 v3 `ObservationValue`: among others, that something was masked.
pub const OBSERVATION_VALUE: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

/// One coding of `meta.security`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Label {
    #[serde(default)]
    system: String,
    #[serde(default)]
    code: String,
}

/// What the labels of one record say together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels {
    /// Restricted or very restricted, or a sensitivity that a law or the patient singles out: mental health, substance
    /// use, HIV, violence, sexual health, genetics.
    pub sensitive: bool,
    /// A psychotherapy or counselling note (PSYTHPN): its author's alone.
    pub counselling: bool,
    /// A chart that curiosity is drawn to: a VIP's, a celebrity's, an employee's.
    pub vip: bool,
    /// A row that stands for a record which the reader may not see.
    pub masked: bool,
}

impl<'a> FromIterator<&'a Label> for Labels {
    fn from_iter<I: IntoIterator<Item = &'a Label>>(labels: I) -> Self {
        let mut all = Labels::default();
        for label in labels {
            all.add(&label.system, &label.code);
        }
        all
    }
}

impl Labels {
    /// A code counts whatever its system says, save for the one-letter codes: a label written carelessly is still a
    /// label.
    fn add(&mut self, system: &str, code: &str) {
        match code {
            "R" | "V" if system.is_empty() || system.ends_with("v3-Confidentiality") => self.sensitive = true,
            "PSY" | "BH" | "ETH" | "ETHUD" | "OPIOIDUD" | "SUD" | "42CFRPart2" => self.sensitive = true,
            "HIV" | "SDV" | "SEX" | "STD" | "GDIS" => self.sensitive = true,
            "PSYTHPN" => self.counselling = true,
            "VIP" | "EMP" | "CEL" => self.vip = true,
            "MASKED" => self.masked = true,
            _ => {}
        }
    }
}
