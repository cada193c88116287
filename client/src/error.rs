//! The one table of everything that can go wrong for a person: a code to switch on, a sentence, an advice. Never a patient's data.

use serde::Serialize;

/// An error as a window shows it. The window switches on `code`, never on words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[error("{message} {advice}")]
pub struct ClientError {
    /// What happened, for programs.
    pub code: Code,
    /// What happened, for people: one sentence.
    pub message: String,
    /// What to do about it: one or two sentences.
    pub advice: String,
}

impl ClientError {
    /// An error whose sentence needs a value of its own, such as a number of seconds.
    #[must_use]
    pub fn saying(code: Code, message: String) -> Self {
        Self { code, message, advice: code.advice().to_owned() }
    }

    /// Too many failures in a row: the person has to wait.
    #[must_use]
    pub fn wait(seconds: u64) -> Self {
        Self::saying(
            Code::WaitBeforeRetry,
            format!("After several failed attempts, sign-in waits {seconds} more seconds."),
        )
    }
}

impl From<Code> for ClientError {
    fn from(code: Code) -> Self {
        Self { code, message: code.message().to_owned(), advice: code.advice().to_owned() }
    }
}

macro_rules! codes {
    ($($name:ident, $text:literal, $message:literal, $advice:literal;)*) => {
        /// Every code there is. A code is added only when a screen does something else because of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        pub enum Code {
            $(#[doc = $message] #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as programs see it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

codes! {
    // Where the workstation stands.
    NotEnrolled, "not-enrolled", "This computer does not belong to a clinic yet.", "Ask your IT administrator for an enrolment token.";
    AlreadyEnrolled, "already-enrolled", "This computer already belongs to a clinic.", "Nothing was changed. To move it to another clinic, retire it on the server first.";
    Locked, "locked", "The workstation is locked.", "Sign in to go on. What you were typing is kept.";
    InUse, "in-use", "Somebody is signed in already.", "Lock the workstation first.";
    AlreadyRunning, "already-running", "Another Chartkeep is using this data folder.", "Switch to the window that is already open, or close it and try again.";

    // Signing in.
    SignInRefused, "sign-in-refused", "The name, passphrase or code is not right.", "Check Caps Lock, and wait for a new code: each code works once. Whoever was never signed in on this computer needs the clinic's network once.";
    WaitBeforeRetry, "wait-before-retry", "After several failed attempts, sign-in waits a while.", "Wait, then try again; if a one-time code is asked for, with a new one. Nothing is deleted by failed attempts.";
    SlotDisabled, "slot-disabled", "This person can only sign in online here now: there were too many failed attempts, or the clinic asked for it.", "Connect to the clinic's network and sign in, or ask your administrator.";
    SlotMissing, "slot-missing", "The file with which this person signs in on this computer is not there.", "Connect to the clinic's network and sign in there: that makes a new one. Nothing else is lost.";
    SlotUnreadable, "slot-unreadable", "The file with which this person signs in on this computer cannot be read.", "Connect to the clinic's network and sign in there: that makes a new one. The old one is kept.";
    SlotKeyMissing, "slot-key-missing", "The keyring no longer holds this person's part of the key.", "Connect to the clinic's network and sign in there: that makes a new one. Records and unsent work are not touched.";
    SlotKeyUnreadable, "slot-key-unreadable", "This person's part of the key is in the keyring, and cannot be read.", "Connect to the clinic's network and sign in there: that makes a new one. Records and unsent work are not touched.";
    CodesRunOut, "codes-run-out", "The codes that were prepared on this computer for this person have run out.", "Connect to the clinic's network and sign in there once. After that you can sign in without it.";
    FirstSignInNeedsServer, "first-sign-in-needs-server", "The first sign-in on this computer needs the clinic's server, and it cannot be reached.", "Connect to the clinic's network once. After that you can sign in without it.";
    ReentryRefused, "reentry-refused", "The passphrase is not right.", "Check Caps Lock, and whether your own name is the one that is chosen.";
    ReentryOver, "reentry-over", "Coming back with the passphrase alone is over for this person here.", "Sign in with name, passphrase and a code. What you were typing is kept.";
    RecoveryCodeMistyped, "recovery-code-mistyped", "This is no recovery code: a letter, digit or word of it is missing or wrong.", "Compare it with your sheet, or have the words read out again. This did not count as a try.";
    KeyRefused, "key-refused", "The name, passphrase or security key is not right.", "Check Caps Lock, and whether it is the key that you registered on this computer. Whoever has registered none here signs in with a code.";
    KeyDue, "key-due", "The clinic asks you to sign in with a security key.", "Register one on this computer first. Without one at hand, sign out and sign in with a recovery code.";
    KeyNotThere, "key-not-there", "No security key was plugged in.", "Plug it in and try again. Where it is plugged in, try another socket, or ask your IT administrator whether this account may use security keys.";
    KeyPin, "key-pin", "The PIN of the security key is missing or not right.", "Type the PIN of the key itself; it is not your passphrase. The key counts wrong PINs and blocks itself after eight.";
    KeyNoPin, "key-no-pin", "This security key has no PIN.", "Set one with the program of the key's maker, then try again. Without a PIN whoever finds the key could use it.";
    KeyPinPaused, "key-pin-paused", "The security key takes no more PINs until it is plugged in again.", "Pull it out, plug it in, and type the PIN with care.";
    KeyPinBlocked, "key-pin-blocked", "The security key has blocked itself after too many wrong PINs.", "It has to be reset, which forgets what it was registered for. Sign in another way and register it again.";
    KeyTimedOut, "key-timed-out", "Nobody touched the security key.", "Try again, and touch the key when it blinks.";
    KeyCancelled, "key-cancelled", "The wait for the security key was ended.", "Nothing was changed. Try again when you are ready.";
    KeyUnfit, "key-unfit", "This security key cannot open a vault.", "It takes a FIDO2 key with a PIN and the extension hmac-secret. Ask your IT administrator for one.";
    KeyFailed, "key-failed", "The security key gave no answer that can be used.", "Leave it plugged in until the end, and try again. If it stays, try another socket or another key.";
    ProofRefused, "proof-refused", "This is not the code that the app shows for this account now.", "Wait for the next code and type that one. If it stays, check that the phone sets its clock by itself, and that the whole seed was put in.";
    ActivationRefused, "activation-refused", "The activation code is not right, was used, or has expired.", "Ask your administrator for a new activation code.";
    CredentialOver, "credential-over", "This change of passphrase or phone is over: it took too long, or another one came first.", "Begin it again. What you have now still works.";
    PassphraseWeak, "passphrase-weak", "This passphrase is too easy to guess.", "Use twelve characters or more: several unrelated words are good. Paste from a password manager is fine.";
    TokenRefused, "token-refused", "The enrolment token is not right, was used, or has expired.", "Ask your IT administrator for a new token and copy the whole of it.";

    LeaseEnded, "lease-ended", "This workstation has not reached the clinic's server for too long, so nobody can sign in.", "Connect it to the clinic's network. Where that cannot be, ask your IT administrator for an extension. Nothing is deleted.";
    LeaseWordsMistyped, "lease-words-mistyped", "This is no extension: a word of it is missing or wrong.", "Have the seven words read out again, one by one.";
    LeaseRefused, "lease-refused", "This extension is not for this workstation and the number it shows now.", "Read the number out again; each extension works once, and only for its own number.";

    // The keyring of the operating system.
    KeyringAbsent, "keyring-absent", "No keyring answers on this computer.", "Start the desktop's keyring (GNOME Keyring or KWallet), then try again. Nothing was changed.";
    KeyringLocked, "keyring-locked", "The keyring of this computer is locked.", "Unlock the desktop's keyring, usually with the password of the computer, then try again.";
    KeyringError, "keyring-error", "The keyring of this computer reported an error.", "Restart the computer. If it stays, ask your IT administrator. Nothing was changed.";
    KeyringNoAnswer, "keyring-no-answer", "The keyring of this computer does not answer.", "Look for a window that asks for the keyring's password, or restart the computer. Nothing was changed.";
    KeyringElsewhere, "keyring-elsewhere", "The key of this computer lies in another collection of the keyring, which is shut.", "Unlock that collection, or make it the default again, in the desktop's own program for passwords and keys. Nothing was changed.";
    KeyringTwice, "keyring-twice", "The keyring holds the key of this computer twice, and Chartkeep does not guess which is right.", "Ask your IT administrator, who keeps the collection that was in use and takes the other away. Nothing was changed.";
    KeyringForeign, "keyring-foreign", "This keyring holds nothing of Chartkeep: it is a new one, or another program's than before.", "Start the keyring that was used before, with the same account. Where the computer's password was reset, ask your IT administrator. Nothing was changed.";
    KeyringUnreadable, "keyring-unreadable", "The key of this computer is in the keyring, and cannot be read.", "Something else has written there. Ask your IT administrator to restore the keyring from a backup. Nothing was changed.";
    KeyringForgets, "keyring-forgets", "The keyring took a key and gave another one back.", "Restart the computer and try again. If it stays, ask your IT administrator: the way in that was there before still works.";
    KeyMissing, "key-missing", "The key of this computer is no longer in the keyring.", "Do not delete anything. Ask your IT administrator to enrol this computer again: unsent work is kept.";

    Retiring, "retiring", "The clinic is retiring this workstation: nobody can sign in on it any more.", "What was written here is still being sent. Use another workstation, and leave this one switched on and connected.";
    Wiped, "wiped", "The clinic had this workstation wiped: nothing of the clinic is left on it.", "To use this computer again, ask your IT administrator for a new enrolment token.";
    EscrowRefused, "escrow-refused", "The key that the server kept does not open the data on this computer.", "Nothing was changed or deleted. Keep the data folder and tell your IT administrator: unsent work in it can still be brought to the server.";

    // The vault on disk.
    VaultDamaged, "vault-damaged", "A file of the vault does not open: its key is not right, or the file is damaged.", "Nothing was changed or deleted. Ask your IT administrator; keep the data folder as it is.";
    VaultNewer, "vault-newer", "The vault was written by a newer version of Chartkeep.", "Install that version or a later one. The vault was left as it is.";
    FolderOlder, "folder-older", "The data folder of this computer is an older copy of itself.", "Do not delete anything, and tell your IT administrator: the newer folder belongs back, or this computer has to be enrolled again. Until then records may be missing here.";
    RecordsOlder, "records-older", "The records on this computer are not the newest it had, so nothing can be saved to them now.", "Connect to the clinic's network: they are fetched anew by themselves. What you typed is kept as a draft.";
    DiskFull, "disk-full", "The disk is full: this was not saved.", "Free some space and save again. What you typed is still here.";
    DiskError, "disk-error", "A file could not be read or written.", "Try again. If it stays, ask your IT administrator to check the disk.";
    AuditFailed, "audit-failed", "The audit trail could not be written, so nothing was shown or saved.", "Free some disk space and try again. If it stays, ask your IT administrator.";

    LogRefused, "log-refused", "The audit log of this computer and the server's do not fit.", "You can go on working; its events stay here until this is put right. Do not delete anything, and tell your IT administrator: another copy of this computer is possible, an older folder, or a false server.";

    // The server.
    ServerAway, "server-away", "The clinic's server cannot be reached.", "You can go on working; your work is kept and sent later. Check the network if this lasts.";
    ServerUntrusted, "server-untrusted", "The server is not the one this computer was enrolled with, or it does not accept this computer.", "Do not type a passphrase. Tell your IT administrator.";
    ServerRefused, "server-refused", "The server refused the request.", "Try again. If it stays, ask your IT administrator.";
    ServerAnswer, "server-answer", "The server answered in a way this version does not understand.", "Update Chartkeep, or ask your IT administrator whether the server was updated.";
    AddressInvalid, "address-invalid", "This is not the address of a server.", "Use the form https://server.clinic:8444 that your IT administrator gave you.";
    PortTaken, "port-taken", "Another program uses the port that this needs.", "Choose another port, or end the other program.";

    // Records.
    NeedsReason, "needs-reason", "You are not on this patient's care team today.", "Say why you open the chart: a visit, a call, results, or standing in.";
    NeedsBreakGlass, "needs-break-glass", "This chart is restricted.", "It opens only in an emergency, with a reason that is reviewed afterwards.";
    NotFound, "not-found", "No such patient.", "Search again by name, birth date, record number or telephone.";
    AttachmentNotHere, "attachment-not-here", "The attached file has not arrived yet.", "It comes when the computer at which it was attached reaches the clinic's server.";
    NotYourRole, "not-your-role", "Your role does not include this.", "Ask a colleague whose role does, or your practice manager.";
    ChangedMeanwhile, "changed-meanwhile", "Somebody changed this while you were writing.", "Open it again, look at what changed, and save once more. What you typed is kept as a draft.";
    FormInvalid, "form-invalid", "The form cannot be saved as it is.", "Correct the marked fields and save again.";

    // What should not happen.
    OutOfMemory, "out-of-memory", "This computer has too little free memory to open the vault.", "Close other programs and sign in again.";
    Internal, "internal", "Something unexpected happened, and it was not done.", "Try again. If it happens again, report the time to your IT administrator.";
}
