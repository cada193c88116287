//! What a fleet stands on: a practice with its people and patients, and workstations that have joined it.

use std::path::{Path, PathBuf};

use chartkeep_server::clock::Clock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::database::Database;
use chartkeep_server::importing::import;
use chartkeep_server::limits::ENROLMENTS;
use chartkeep_server::people::make_token;
use chartkeep_server::practice::Practice;
use chartkeep_server::serving::{Addresses, start};
use chartkeep_server::store::{self, NewPerson, PersonKeyRow, Transaction};
use jiff::Timestamp;
use keys::{AgreementSecret, Random, SigningKey};
use records::Role;
use records::id::PersonId;

use super::host::{Ports, here};
use super::plan::Plan;
use super::workplace::{Workplace, Writer};
use crate::practice::people::PRACTICE_NAME;
use crate::served::{Cluster, Outcome, Station, server_beside_us};

/// Patients whose records are written in.
pub(super) const PATIENTS: u32 = 200;

/// A practice, and where it is kept.
pub(super) struct Ground {
    /// Its data folder.
    pub(super) data: PathBuf,
    /// Where its server listens, once it did.
    pub(super) ports: Ports,
    /// The practice, opened beside its server.
    pub(super) practice: Practice,
    clock: Clock,
}

impl Ground {
    /// Makes a practice in a folder, or in a database of `cluster`.
    pub(super) fn make(folder: &Path, cluster: Option<&Cluster>, plan: &Plan) -> Outcome<Ground> {
        let data = folder.join("practice");
        let clock = Clock::set_to(plan.begins()?);
        let database = cluster.map(|cluster| -> Outcome<Database> {
            let made = cluster.database(&server_beside_us()?)?;
            Ok(Database::at(&made.url, None, Some(made.password_file.into()))?)
        });
        let database = database.transpose()?;
        let dir = DataDir::at(&data);
        let practice = Practice::make_in(&dir, database.as_ref(), PRACTICE_NAME, "localhost", clock.clone())?;
        let file = folder.join("patients.ndjson");
        std::fs::write(&file, (0..PATIENTS).map(patient).collect::<String>())?;
        let imported = import(&practice, &[file], &mut |_, _| {})?;
        if imported.left_out > 0 {
            return Err("not all patients were taken in".into());
        }
        Ok(Ground { data, ports: (0, 0), practice, clock })
    }

    /// Joins one workstation after another, as many as one address may before the server rests; `done` is told how many there are.
    pub(super) async fn join(
        &mut self,
        devices: u32,
        done: impl Fn(usize) -> bool,
    ) -> Outcome<Vec<Workplace>> {
        let at_once = ENROLMENTS.at_once.get().min(devices);
        let mut workplaces = Vec::new();
        while workplaces.len() < devices as usize {
            // A server that has just started holds nothing against anybody.
            self.practice = Practice::open(&DataDir::at(&self.data), self.clock.clone())?;
            let addresses = Addresses { main: here(self.ports.0), enrolment: here(self.ports.1) };
            let running = start(self.practice.clone(), addresses)?;
            self.ports = (running.listening.port(), running.enrolment.port());
            let most = (devices as usize).min(workplaces.len() + at_once as usize);
            while workplaces.len() < most {
                workplaces.push(self.join_one(u32::try_from(workplaces.len())?).await?);
                if !done(workplaces.len()) {
                    return Ok(workplaces);
                }
            }
            running.until(std::future::ready(())).await?;
        }
        self.let_write(&workplaces)?;
        Ok(workplaces)
    }

    async fn join_one(&self, number: u32) -> Outcome<Workplace> {
        let now = self.clock.now();
        let token = make_token(&self.practice, &format!("Light {number}"))?;
        let address = format!("https://localhost:{}", self.ports.1);
        // EXPOSE: what an administrator hands to whoever sets a workstation up.
        let station = Station::enrol(&address, token.expose(), now).await?;
        let mut random = Random::from_os();
        let person = PersonId::from_uuid(random.uuid_v7(now));
        Ok(Workplace::new(number, station, Writer { person, key: SigningKey::make(&mut random) }))
    }

    /// Enters at each workstation one person who may write there: what a sign-in leaves behind, without the work that it costs a
    /// workstation.
    fn let_write(&self, workplaces: &[Workplace]) -> Outcome<()> {
        let now = self.clock.now();
        store::write(self.practice.store.as_ref(), |tx| -> Outcome<()> {
            workplaces.iter().try_for_each(|workplace| self.enter(tx, workplace, now))
        })
    }

    fn enter(&self, tx: &dyn Transaction, workplace: &Workplace, now: Timestamp) -> Outcome<()> {
        let (person, number) = (workplace.writer.person, workplace.number);
        tx.insert_person(&NewPerson {
            id: person,
            practice: self.practice.row.id,
            username: format!("fleet-{number}"),
            name: format!("Fleet {number}"),
            made_at: now,
        })?;
        tx.insert_role(person, Role::Clinician, now)?;
        tx.set_person_key(&PersonKeyRow {
            person,
            device: workplace.station.id,
            signing_key: workplace.writer.key.verifying_key(),
            agreement_key: AgreementSecret::make(&mut Random::from_os()).public(),
            since: now,
            until: None,
        })?;
        Ok(())
    }
}

fn patient(number: u32) -> String {
    format!(
        "{{\"resourceType\":\"Patient\",\"id\":\"fleet-{number}\",\"name\":[{{\"family\":\"Sample\",\"given\":[\"N{number}\"]}}],\"birthDate\":\"1950-02-03\"}}\n"
    )
}
