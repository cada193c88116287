//! What a window shows, as plain data: no rules, no identifiers beyond what a screen needs, and no `Debug` on anything that holds a patient's data.

mod alerts;
mod chart;
mod chart_rows;
mod conflict;
mod find;
mod health;
mod joining;
mod lease;
mod recovery;
mod review;
mod state;
mod sync;
mod write;

pub use alerts::{
    AlertClosed, AlertOutcome, AlertRow, AlertsView, DayActivityRow, DayAlertRow, DayReportView,
    DayWorkstationRow,
};
pub use chart::{
    AllergyBanner, AwayView, BannerView, ChartView, CoverageRow, DemographicsView, DraftView, FreshnessRow,
    IncludedChart, OpenReason, Section,
};
pub use chart_rows::{
    AllergyRow, DocumentRow, EncounterRow, ImmunizationRow, LabRow, MedicationRow, MedicationsView,
    NormalRange, NoteRow, ProblemRow, VitalLatest, VitalPoint, VitalSeriesView, VitalsView,
};
pub use conflict::{
    ConflictAnswer, ConflictChoice, ConflictForm, ConflictLine, ConflictPart, ConflictRecord, ConflictView,
};
pub use find::{AppointmentRow, PatientRow, SearchView, TodayView};
pub use health::{HealthView, Storage, WindowHealth};
pub use joining::{
    AlikePairRow, AlikePairsForm, AlikePairsView, AlikeRow, ChartSide, ChartsCompared, JoinForm,
};
pub use lease::{LeaseLevel, LeaseView};
pub use recovery::{CredentialView, RecoveryView, SecurityKeyView, SheetView};
pub use review::{AuditExportView, AuditRow, AuditView, VerifiedView};
pub use state::{ActivationView, Lifecycle, OpenedView, ParkedView, PersonView, Place, StatusView};
pub use sync::{DrawerPull, MirrorView, ReKeyView, SyncView, UnsentRow, UnsentState};
pub use write::{DraftForm, DraftKind, FieldWarning, NoteForm, SaveView, VitalsForm};
