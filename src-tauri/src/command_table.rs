//! The one table of commands. The handlers, the access list of the build and the TypeScript signatures come from it.

/// Hands the table to the macro named `$with`: `name(argument: Type) -> Answer`, one line a command.
macro_rules! command_table {
    ($with:ident) => {
        $with! {
            /// The state of the workstation; the first call of a new page.
            status() -> StatusView;
            /// Makes this computer a workstation of a clinic.
            enrol(form: EnrolForm) -> StatusView;
            /// Tries again what blocked the start.
            retry() -> StatusView;
            /// A new person's first half: the administrator's code and a passphrase buy a seed for the authenticator.
            activate(form: ActivateForm) -> ActivationView;
            /// The second half: one code proves that the authenticator holds the seed.
            confirm_activation(form: ConfirmForm) -> ();
            /// Signs a person in: online the first time on this workstation, from the vault afterwards.
            sign_in(form: SignInForm) -> OpenedView;
            /// Signs a parked person in again, with the passphrase alone.
            reenter(form: ReenterForm) -> OpenedView;
            /// Signs a parked person in again, by a touch of their security key; waits for it.
            reenter_with_key(form: KeyReenterForm) -> OpenedView;
            /// Signs a person in without the phone: passphrase and a recovery code.
            recover(form: RecoveryForm) -> OpenedView;
            /// Takes an extension of the offline lease in.
            extend_lease(form: LeaseForm) -> StatusView;
            /// Signs a person in with passphrase and security key; waits for the touch.
            sign_in_with_key(form: KeySignInForm) -> OpenedView;
            /// How the person's security key stands on this workstation.
            security_key_status() -> SecurityKeyView;
            /// Registers a security key, with three touches.
            register_security_key(form: RegisterKeyForm) -> SecurityKeyView;
            /// Takes the security key away from this workstation.
            remove_security_key(form: SheetForm) -> SecurityKeyView;
            /// Nobody waits for the security key any more.
            cancel_security_key() -> ();
            /// Every word that a code of the telephone can have, so that the first letters are enough.
            spoken_words() -> Vec<String>;
            /// What the person has for a day without the phone.
            recovery_status() -> RecoveryView;
            /// Makes a sheet of recovery codes; none when it was stopped.
            make_recovery_sheet(form: SheetForm) -> Option<SheetView>;
            /// The sheet is written down: it counts, and the one before does not.
            keep_recovery_sheet() -> ();
            /// Stops the making of a sheet, or throws it away.
            discard_recovery_sheet() -> ();
            /// Changes the person's own passphrase, for all of their workstations.
            change_passphrase(form: PassphraseForm) -> CredentialView;
            /// The first half of a new phone of one's own: the present one buys a seed for it.
            begin_new_phone(form: SheetForm) -> ActivationView;
            /// The second half: one code proves that the new phone holds the seed.
            confirm_new_phone(form: ConfirmForm) -> CredentialView;
            /// Gives up a new phone that was begun.
            discard_new_phone() -> ();
            /// Locks: hides, saves, closes and replaces the process. The person may come back with the passphrase alone.
            lock() -> ();
            /// Locks for good: it takes a full sign-in to come back.
            sign_out() -> ();
            /// A person did something: the idle clock starts anew.
            activity() -> ();
            /// Finds patients by what has been typed so far.
            search(form: SearchForm) -> SearchView;
            /// The list has settled; the patients shown are entered in the trail.
            settle_search(form: SettleForm) -> ();
            /// A part of today's appointments.
            today(form: TodayForm) -> TodayView;
            /// The charts this person opened last.
            recent() -> Vec<PatientRow>;
            /// Opens a chart; `needs-reason` asks for one where there is no care relation.
            open_chart(form: OpenChartForm) -> ChartView;
            /// Fetches a chart that this workstation does not keep, and opens it anew.
            fetch_chart(form: ChartRef) -> ChartView;
            /// Charts that may be of the same person.
            alike_charts(form: ChartRef) -> Vec<AlikeRow>;
            /// How many pairs of charts may be of one person.
            count_alike() -> u64;
            /// These pairs.
            alike_pairs(form: AlikePairsForm) -> AlikePairsView;
            /// Two patients side by side, who may be one.
            compare_charts(form: JoinForm) -> ChartsCompared;
            /// Makes one chart part of another.
            join_charts(form: JoinForm) -> SaveView;
            /// Says that two charts are of two people.
            tell_charts_apart(form: JoinForm) -> SaveView;
            /// Takes back that two charts are of two people.
            take_back_apart(form: JoinForm) -> SaveView;
            /// Takes two charts apart again.
            separate_charts(form: JoinForm) -> SaveView;
            /// Records a set of vital signs.
            save_vitals(form: VitalsForm) -> SaveView;
            /// Saves or signs a note.
            save_note(form: NoteForm) -> SaveView;
            /// Seals what is being typed.
            save_draft(form: DraftForm) -> ();
            /// Throws a draft away.
            discard_draft(form: DraftRef) -> ();
            /// Remembers where the person is.
            save_place(form: Place) -> ();
            /// What has reached the server and what has not.
            sync_status() -> SyncView;
            /// Both versions of a change that met another one.
            conflict(form: ConflictRef) -> ConflictView;
            /// Saves what a person has decided between them.
            settle_conflict(form: ConflictForm) -> SaveView;
            /// Tries to reach the server now.
            sync_now() -> ();
            /// What this workstation stands on, without any patient's data.
            health() -> HealthView;
            /// A page of the audit trail, with the check of the whole log.
            audit_page(form: AuditPageForm) -> AuditView;
            /// Writes the audit log into a file, sealed and signed.
            export_audit() -> AuditExportView;
            /// A page of alerts, as the server has them.
            alerts(form: AlertsForm) -> AlertsView;
            /// Says what came of an alert; how many are open now.
            close_alert(form: CloseAlertForm) -> u64;
            /// The report of a day.
            day_report(form: DayReportForm) -> DayReportView;
        }
    };
}
