//! Immunizations: the usual schedule by age, with CVX codes, and the seasonal ones.

use jiff::civil::Date;
use serde_json::json;

use super::chart::Chart;
use super::fhir::{CVX, coding, concept, hl7, quantity};
use super::numbers::{Decimal, days_after, days_between, weekday_near};
use super::random::{Random, Topic};

/// One vaccine at one age.
struct Due {
    cvx: &'static str,
    name: &'static str,
    maker: &'static str,
    /// Age in months.
    month: i64,
    dose: i64,
    /// Parts of 1000 who got it.
    uptake: u64,
}

/// Every patient's vaccines, oldest first; in a light chart the last influenza vaccine only.
pub(super) fn write_immunizations(chart: &mut Chart<'_>) {
    let mut random =
        Random::for_topic(chart.setting.seed, Topic::Immunization, u64::from(chart.persona.index));
    let mut given: Vec<(Date, &Due)> = Vec::new();
    if chart.full() {
        let birth = chart.persona.birth;
        let grown = chart.persona.age(chart.until()) >= 26;
        for due in SCHEDULE.iter().filter(|due| !grown || due.month > 12 * 18) {
            let on = weekday_near(days_after(birth, due.month * 30 + due.month / 2 + random.between(0, 40)));
            if random.chance(due.uptake)
                && on < chart.until()
                && days_between(on, chart.setting.today) < 40 * 365
            {
                given.push((on, due));
            }
        }
    }
    given.extend(influenza(chart, &mut random));
    given.sort_by_key(|(on, _)| *on);
    for (on, due) in given {
        write_immunization(chart, &mut random, on, due);
    }
}

/// One dose each autumn of the last years, for some.
fn influenza(chart: &Chart<'_>, random: &mut Random) -> Vec<(Date, &'static Due)> {
    let until = chart.until();
    let willing = if chart.persona.age(until) >= 65 { 750 } else { 420 };
    let autumns: i16 = if chart.full() { 4 } else { 1 };
    (0..autumns)
        .filter_map(|back| {
            let autumn = weekday_near(days_after(
                jiff::civil::date(until.year() - back, 9, 15),
                random.between(0, 60),
            ));
            let old_enough = days_between(chart.persona.birth, autumn) > 183;
            (random.chance(willing) && autumn < until && old_enough).then_some((autumn, &INFLUENZA))
        })
        .collect()
}

fn write_immunization(chart: &mut Chart<'_>, random: &mut Random, on: Date, due: &Due) {
    let letter = *random.pick(&['A', 'C', 'K', 'N', 'R', 'T', 'X']);
    let lot = format!("{letter}{}{:04}", random.pick(&['B', 'F', 'J', 'M']), random.between(100, 9999));
    let (side, side_words) = *random.pick(&[("LA", "left arm"), ("RA", "right arm")]);
    let here = days_between(on, chart.setting.today) < 5 * 365;
    let performer = if here {
        json!([{ "function": hl7("v2-0443", "AP"), "actor": chart.nurse() }])
    } else {
        json!(null)
    };
    let body = json!({
        "status": "completed",
        "vaccineCode": concept(CVX, due.cvx, due.name),
        "patient": chart.subject(),
        "occurrenceDateTime": on.to_string(),
        "primarySource": here,
        "reportOrigin": if here { json!(null) } else { hl7("immunization-origin", "record") },
        "manufacturer": { "display": due.maker },
        "lotNumber": lot,
        "expirationDate": days_after(on, random.between(60, 500)).to_string(),
        "site": concept("http://terminology.hl7.org/CodeSystem/v3-ActSite", side, side_words),
        "route": { "coding": [coding("http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "IM", "Injection, intramuscular")] },
        "doseQuantity": quantity(Decimal::new(5, 1), "mL", "mL"),
        "performer": performer,
        "protocolApplied": [{ "doseNumberPositiveInt": due.dose }],
    });
    chart.add("Immunization", serde_json::Value::Null, body);
}

static INFLUENZA: Due = due("140", "Influenza, seasonal, injectable, preservative free", "Seqirus", 0, 1, 0);

/// After the CDC schedules, simplified.
static SCHEDULE: [Due; 34] = [
    due("08", "Hep B, adolescent or pediatric", "Merck", 0, 1, 950),
    due("08", "Hep B, adolescent or pediatric", "Merck", 2, 2, 940),
    due("08", "Hep B, adolescent or pediatric", "Merck", 7, 3, 930),
    due("20", "DTaP", "Sanofi", 2, 1, 940),
    due("20", "DTaP", "Sanofi", 4, 2, 930),
    due("20", "DTaP", "Sanofi", 6, 3, 930),
    due("20", "DTaP", "Sanofi", 16, 4, 900),
    due("20", "DTaP", "Sanofi", 54, 5, 900),
    due("49", "Hib (PRP-OMP)", "Merck", 2, 1, 930),
    due("49", "Hib (PRP-OMP)", "Merck", 4, 2, 920),
    due("49", "Hib (PRP-OMP)", "Merck", 13, 3, 900),
    due("133", "Pneumococcal conjugate PCV 13", "Pfizer", 2, 1, 930),
    due("133", "Pneumococcal conjugate PCV 13", "Pfizer", 4, 2, 930),
    due("133", "Pneumococcal conjugate PCV 13", "Pfizer", 13, 3, 900),
    due("10", "IPV", "Sanofi", 2, 1, 940),
    due("10", "IPV", "Sanofi", 4, 2, 940),
    due("10", "IPV", "Sanofi", 9, 3, 920),
    due("10", "IPV", "Sanofi", 54, 4, 900),
    due("03", "MMR", "Merck", 12, 1, 920),
    due("03", "MMR", "Merck", 54, 2, 900),
    due("21", "varicella", "Merck", 12, 1, 910),
    due("21", "varicella", "Merck", 54, 2, 890),
    due("83", "Hep A, ped/adol, 2 dose", "GlaxoSmithKline", 13, 1, 870),
    due("83", "Hep A, ped/adol, 2 dose", "GlaxoSmithKline", 20, 2, 800),
    due("165", "HPV9", "Merck", 134, 1, 780),
    due("165", "HPV9", "Merck", 142, 2, 700),
    due("114", "meningococcal MCV4P", "Sanofi", 135, 1, 850),
    due("115", "Tdap", "Sanofi", 136, 1, 900),
    due("113", "Td (adult) preservative free", "Sanofi", 12 * 28, 1, 700),
    due("113", "Td (adult) preservative free", "Sanofi", 12 * 38, 2, 650),
    due("115", "Tdap", "Sanofi", 12 * 49, 3, 700),
    due("187", "zoster recombinant", "GlaxoSmithKline", 12 * 60, 1, 450),
    due("187", "zoster recombinant", "GlaxoSmithKline", 12 * 60 + 4, 2, 400),
    due("33", "pneumococcal polysaccharide vaccine, 23 valent", "Merck", 12 * 66, 1, 650),
];

const fn due(
    cvx: &'static str,
    name: &'static str,
    maker: &'static str,
    month: i64,
    dose: i64,
    uptake: u64,
) -> Due {
    Due { cvx, name, maker, month, dose, uptake }
}
