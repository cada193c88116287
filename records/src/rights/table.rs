//! The rights table as it is written in `records/rights/*.toml`: role × class × action, one table for all.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::actor::Role;
use crate::class::{DataClass, Drawer};

/// What someone wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Find patients by name, birth date, number or phone.
    Search,
    /// See the list of appointments of a day.
    ViewSchedule,
    /// Open one patient's chart.
    OpenChart,
    /// Read single records.
    Read,
    /// Write a record that was not there.
    Create,
    /// Write a new version of a record.
    Update,
    /// Sign a record, or add to a signed one.
    Sign,
    /// Mark a record as entered in error.
    Delete,
    /// Print.
    Print,
    /// Take records out of the system.
    Export,
    /// Take records in from outside.
    Import,
    /// Fetch pages of history for a workstation.
    Replicate,
    /// Read the whole audit trail.
    ReadAudit,
    /// Read one's own entries in the trail.
    ReadOwnAudit,
    /// Write the audit log into a file, to be taken out of the system.
    ExportAudit,
    /// Read the alerts, and the reports of each day.
    ReadAlerts,
    /// Say that an alert was looked at, and what came of it.
    CloseAlerts,
    /// Add people and give them roles.
    ManagePeople,
    /// Enrol and retire workstations.
    ManageDevices,
}

impl Action {
    /// All actions, in their order.
    pub const ALL: [Action; 19] = [
        Action::Search,
        Action::ViewSchedule,
        Action::OpenChart,
        Action::Read,
        Action::Create,
        Action::Update,
        Action::Sign,
        Action::Delete,
        Action::Print,
        Action::Export,
        Action::Import,
        Action::Replicate,
        Action::ReadAudit,
        Action::ReadOwnAudit,
        Action::ExportAudit,
        Action::ReadAlerts,
        Action::CloseAlerts,
        Action::ManagePeople,
        Action::ManageDevices,
    ];

    /// The name used in the rights table and in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Search => "search",
            Action::ViewSchedule => "view-schedule",
            Action::OpenChart => "open-chart",
            Action::Read => "read",
            Action::Create => "create",
            Action::Update => "update",
            Action::Sign => "sign",
            Action::Delete => "delete",
            Action::Print => "print",
            Action::Export => "export",
            Action::Import => "import",
            Action::Replicate => "replicate",
            Action::ReadAudit => "read-audit",
            Action::ReadOwnAudit => "read-own-audit",
            Action::ExportAudit => "export-audit",
            Action::ReadAlerts => "read-alerts",
            Action::CloseAlerts => "close-alerts",
            Action::ManagePeople => "manage-people",
            Action::ManageDevices => "manage-devices",
        }
    }

    /// Whether the table answers it per role (`functions`) and not per data class (`may`).
    pub const fn is_function(self) -> bool {
        match self {
            Action::Search
            | Action::ViewSchedule
            | Action::OpenChart
            | Action::Import
            | Action::Replicate
            | Action::ReadAudit
            | Action::ReadOwnAudit
            | Action::ExportAudit
            | Action::ReadAlerts
            | Action::CloseAlerts
            | Action::ManagePeople
            | Action::ManageDevices => true,
            Action::Read
            | Action::Create
            | Action::Update
            | Action::Sign
            | Action::Delete
            | Action::Print
            | Action::Export => false,
        }
    }
}

/// Which records of a class a role reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reach {
    /// Only what the person wrote.
    Author,
    /// Patients with whom the person has a care relation.
    Own,
    /// The whole practice.
    Practice,
}

/// What opening without a care relation takes, where a class is marked `own`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Otherwise {
    /// Say why, by one key; it makes a relation for the day.
    Ask,
    /// Break the glass.
    BreakGlass,
    /// Nothing opens it.
    Hidden,
}

/// One line of the table: what one role may do with one class.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Row {
    /// The class.
    pub class: DataClass,
    /// Its drawer, written beside it so that the table can be read by itself.
    pub drawer: Drawer,
    /// What may be done.
    pub may: Vec<Action>,
    pub(super) reach: Reach,
    /// What opening without a relation takes.
    #[serde(default = "hidden")]
    pub otherwise: Otherwise,
}

/// The table, read once.
#[derive(Debug, Clone)]
pub struct Rights {
    roles: BTreeMap<Role, RoleRights>,
}

#[derive(Debug, Clone)]
struct RoleRights {
    functions: Vec<Action>,
    rows: BTreeMap<DataClass, Row>,
}

/// Why a table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RightsError {
    /// Not TOML, or not of this shape.
    #[error("rights table: {0}")]
    Shape(String),
    /// A row contradicts the model.
    #[error("rights table, role {role}: {what}")]
    Row {
        /// The role's name.
        role: &'static str,
        /// What is wrong.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile {
    role: Role,
    drawers: Vec<Drawer>,
    functions: Vec<Action>,
    #[serde(default)]
    rows: Vec<Row>,
}

static BUILT_IN: LazyLock<Rights> = LazyLock::new(|| {
    Rights::parse(&FILES).expect("the tables are part of the program, and a test reads each of them")
});

const FILES: [&str; 10] = [
    include_str!("../../rights/front-desk.toml"),
    include_str!("../../rights/nurse.toml"),
    include_str!("../../rights/clinician.toml"),
    include_str!("../../rights/biller.toml"),
    include_str!("../../rights/practice-manager.toml"),
    include_str!("../../rights/privacy-officer.toml"),
    include_str!("../../rights/it-admin.toml"),
    include_str!("../../rights/auditor.toml"),
    include_str!("../../rights/service.toml"),
    include_str!("../../rights/program.toml"),
];

impl Rights {
    /// The table that ships with Chartkeep.
    pub fn built_in() -> &'static Rights {
        &BUILT_IN
    }

    /// Reads a table, one text per role.
    ///
    /// # Errors
    /// When a text is not a role's table, a role is there twice, or a row contradicts the model.
    pub fn parse(files: &[&str]) -> Result<Rights, RightsError> {
        let mut roles = BTreeMap::new();
        for file in files {
            let file: RoleFile =
                toml::from_str(file).map_err(|e| RightsError::Shape(e.message().to_owned()))?;
            let role = file.role;
            let rights = file.check()?;
            if roles.insert(role, rights).is_some() {
                return Err(RightsError::Row { role: role.as_str(), what: "is there twice".into() });
            }
        }
        Ok(Rights { roles })
    }

    /// The line for a role and class, if there is one. What has no line is not allowed.
    pub fn row(&self, role: Role, class: DataClass) -> Option<&Row> {
        self.roles.get(&role)?.rows.get(&class)
    }

    /// Whether a role has a function, such as searching.
    pub fn has_function(&self, role: Role, action: Action) -> bool {
        self.roles.get(&role).is_some_and(|rights| rights.functions.contains(&action))
    }
}

impl RoleFile {
    fn check(self) -> Result<RoleRights, RightsError> {
        let role = self.role;
        let refuse = |what: String| Err(RightsError::Row { role: role.as_str(), what });
        if self.drawers != role.drawers() {
            return refuse("its drawers are not those of the design".into());
        }
        if let Some(action) = self.functions.iter().find(|a| !a.is_function()) {
            return refuse(format!("{} is decided per class", action.as_str()));
        }
        let mut rows = BTreeMap::new();
        for row in self.rows {
            if row.drawer != row.class.drawer() {
                return refuse(format!("{} does not lie in {}", row.class, row.drawer));
            }
            if let Some(action) = row.may.iter().find(|a| a.is_function()) {
                return refuse(format!("{} is decided per role", action.as_str()));
            }
            let class = row.class;
            if rows.insert(class, row).is_some() {
                return refuse(format!("{class} is there twice"));
            }
        }
        Ok(RoleRights { functions: self.functions, rows })
    }
}

const fn hidden() -> Otherwise {
    Otherwise::Hidden
}
