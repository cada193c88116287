//! The commands that the page may call, made from the table: each hands its form to the desk on a thread that may wait.

use client::view::{
    ActivationView, AlertsView, AlikePairsForm, AlikePairsView, AlikeRow, AuditExportView, AuditView,
    ChartView, ChartsCompared, ConflictForm, ConflictView, CredentialView, DayReportView, DraftForm,
    HealthView, JoinForm, NoteForm, OpenedView, PatientRow, Place, RecoveryView, SaveView, SearchView,
    SecurityKeyView, SheetView, StatusView, SyncView, TodayView, VitalsForm,
};
use client::{
    ActivateForm, ClientError, Code, EnrolForm, KeyReenterForm, KeySignInForm, LeaseForm, PassphraseForm,
    RecoveryForm, ReenterForm, RegisterKeyForm, SheetForm, SignInForm,
};
use tauri::State;

use crate::desk::Desk;
use crate::view::{
    AlertsForm, AuditPageForm, ChartRef, CloseAlertForm, ConfirmForm, ConflictRef, DayReportForm, DraftRef,
    OpenChartForm, SearchForm, SettleForm, TodayForm,
};

macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident($($form:ident: $Form:ty)?) -> $View:ty;)*) => {
        $(
            $(#[$doc])*
            #[tauri::command]
            pub(crate) async fn $name(desk: State<'_, Desk>, $($form: $Form)?) -> Result<$View, ClientError> {
                let desk = desk.inner().clone();
                waiting(move || desk.$name($($form)?)).await
            }
        )*

        /// Answers the page's calls.
        pub(crate) fn handler<R: tauri::Runtime>() -> impl Fn(tauri::ipc::Invoke<R>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }
    };
}

command_table!(handlers);

/// Runs what may wait for a disk, a keyring or a network off the threads that paint.
async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ClientError> {
    match tauri::async_runtime::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(_) => Err(Code::Internal.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use ts_rs::{Config, TS, TypeVisitor};

    use super::*;

    const BINDINGS: &str = "../ui/src/lib/api/bindings.ts";
    /// Set by `cargo xtask bindings`, which writes the file instead of comparing it.
    const WRITE: &str = "CHARTKEEP_WRITE_BINDINGS";

    /// Gathers the declaration of each type that a command takes or gives.
    struct Declarations {
        config: Config,
        lines: Vec<String>,
    }

    impl TypeVisitor for Declarations {
        fn visit<T: TS + 'static + ?Sized>(&mut self) {
            T::visit_dependencies(self);
            T::visit_generics(self);
            // Only types of ours have a file of their own; numbers, text and lists are TypeScript's.
            if T::output_path().is_some() {
                let line = format!("export {}", T::decl(&self.config));
                if !self.lines.contains(&line) {
                    self.lines.push(line);
                }
            }
        }
    }

    macro_rules! typescript {
        ($($(#[$doc:meta])* $name:ident($($form:ident: $Form:ty)?) -> $View:ty;)*) => {
            fn commands(declared: &mut Declarations) -> Vec<String> {
                vec![$({
                    $(declared.visit::<$Form>();)?
                    declared.visit::<$View>();
                    let form: Option<String> = None $(.or(Some(<$Form>::name(&declared.config))))?;
                    let view = <$View>::name(&declared.config);
                    let view = if view == "null" { "void" } else { &view };
                    let form = form.unwrap_or_else(|| "null".to_owned());
                    format!("  {}: {{ form: {form}; answer: {view} }};", stringify!($name))
                }),*]
            }
        };
    }
    command_table!(typescript);

    fn typescript() -> String {
        let mut declared = Declarations { config: Config::new().with_large_int("number"), lines: Vec::new() };
        declared.visit::<ClientError>();
        let commands = commands(&mut declared);
        // The order in which ts-rs names a type's parts differs from build to build.
        declared.lines.sort();
        format!(
            "// Written from the table of commands; a test fails when this file is stale. `cargo xtask bindings` writes it.\n\n{}\n\n\
             /** Every command of the app: what it takes and what it answers. */\nexport interface Commands {{\n{}\n}}\n",
            declared.lines.join("\n\n"),
            commands.join("\n"),
        )
    }

    #[test]
    fn the_bindings_of_the_page_are_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(BINDINGS);
        let current = typescript();
        if std::env::var_os(WRITE).is_some() {
            fs::write(&path, &current).expect("the bindings can be written");
        }
        let found = fs::read_to_string(&path).expect("the bindings are there");
        assert!(found == current, "{BINDINGS} is stale: run `cargo xtask bindings`");
    }

    #[test]
    fn the_window_is_granted_every_command_of_the_table_and_nothing_else() {
        macro_rules! grants {
            ($($(#[$doc:meta])* $name:ident($($form:ident: $Form:ty)?) -> $View:ty;)*) => {
                [$(format!("allow-{}", stringify!($name).replace('_', "-"))),*]
            };
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities/main.json");
        let file: serde_json::Value =
            serde_json::from_slice(&fs::read(path).expect("it is there")).expect("it is JSON");
        let granted: Vec<String> = serde_json::from_value(file["permissions"].clone()).expect("names");
        let mut expected = vec!["core:event:allow-listen".to_owned(), "core:event:allow-unlisten".to_owned()];
        expected.extend(command_table!(grants));
        assert_eq!(granted, expected);
    }
}
