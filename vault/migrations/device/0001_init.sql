-- device.db, schema 1. Opaque ids only: whoever controls the account of the operating system can read this file.

-- Who this workstation is.
CREATE TABLE identity (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    device      BLOB NOT NULL CHECK (length(device) = 16),
    practice    BLOB NOT NULL CHECK (length(practice) = 16),
    log         BLOB NOT NULL CHECK (length(log) = 16),
    vault       BLOB NOT NULL CHECK (length(vault) = 16)
) STRICT;

-- Certificates, trust bundle, policy, addresses: one value a name.
CREATE TABLE setting (
    name        TEXT PRIMARY KEY,
    value       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The audit log. `event` are the exact bytes that the leaf was made of.
CREATE TABLE audit_entry (
    position    INTEGER PRIMARY KEY,
    leaf_hash   BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    event       BLOB NOT NULL,
    patient     TEXT NOT NULL DEFAULT '',
    person      TEXT NOT NULL DEFAULT '',
    act         TEXT NOT NULL DEFAULT ''
) STRICT;
-- None by person: every event writes its index pages before anything is shown, and a person's own entries are found soon
-- enough from the end.
CREATE INDEX audit_entry_patient ON audit_entry (patient, position) WHERE patient <> '';

CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_entry_is_never_removed BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_entry_goes_at_the_end BEFORE INSERT ON audit_entry
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM audit_entry)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Signed heads of the log. `tree` is the tree at that size, so that opening need not hash the whole log.
CREATE TABLE checkpoint (
    size        INTEGER PRIMARY KEY,
    root        BLOB NOT NULL CHECK (length(root) = 32),
    tree        BLOB NOT NULL,
    note        BLOB NOT NULL,
    made_at     INTEGER NOT NULL
) STRICT;

-- How much of the log the server holds, and its word on it.
CREATE TABLE audit_receipt (
    size        INTEGER PRIMARY KEY,
    receipt     BLOB NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;

-- Failed sign-ins in a row. The subject is a keyed token of a username; `rounds` counts how often the row began anew, so
-- that of two copies the later one is known; `last_at` are milliseconds since the start of the machine that `boot` names.
CREATE TABLE throttle (
    subject     BLOB PRIMARY KEY CHECK (length(subject) = 16),
    rounds      INTEGER NOT NULL,
    failures    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    boot        BLOB NOT NULL CHECK (length(boot) = 16)
) STRICT, WITHOUT ROWID;

-- The last one-time-code step that opened something.
CREATE TABLE used_step (
    person      BLOB PRIMARY KEY CHECK (length(person) = 16),
    step        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Steps that the server has not been told of yet: it finds a code that was used on two workstations.
CREATE TABLE step_to_tell (
    person      BLOB NOT NULL CHECK (length(person) = 16),
    step        INTEGER NOT NULL,
    PRIMARY KEY (person, step)
) STRICT, WITHOUT ROWID;

-- Which of their passphrases and phones a person signs in with here, and the public half of the key they have here: it has to
-- have signed a slot that was prepared elsewhere.
CREATE TABLE credential (
    person      BLOB PRIMARY KEY CHECK (length(person) = 16),
    number      INTEGER NOT NULL,
    signing_key BLOB NOT NULL CHECK (length(signing_key) = 32)
) STRICT, WITHOUT ROWID;

-- Recovery slots that may still open. One that was used, or that a newer one replaced, is not here, and opens nothing whatever
-- is put back. Places 0 to 9 are a sheet; 255 is the code that the server reads out. `escrow` is that code, sealed to the
-- server, until the server holds it.
CREATE TABLE recovery_slot (
    person      BLOB NOT NULL CHECK (length(person) = 16),
    place       INTEGER NOT NULL,
    slot        BLOB NOT NULL UNIQUE CHECK (length(slot) = 16),
    made_at     INTEGER NOT NULL,
    escrow      BLOB NOT NULL DEFAULT x'',
    released    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person, place)
) STRICT, WITHOUT ROWID;

-- Keyed token of a username to the person.
CREATE TABLE username (
    token       BLOB PRIMARY KEY CHECK (length(token) = 16),
    person      BLOB NOT NULL CHECK (length(person) = 16)
) STRICT, WITHOUT ROWID;

-- Drawer keys, wrapped for one person each.
CREATE TABLE wrapped_grant (
    person      BLOB NOT NULL CHECK (length(person) = 16),
    drawer      TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    PRIMARY KEY (person, drawer, generation)
) STRICT, WITHOUT ROWID;

-- What the server told this workstation to do.
CREATE TABLE directive (
    number      INTEGER PRIMARY KEY,
    bytes       BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    done_at     INTEGER
) STRICT;

-- Drawer files that were made here: a file that is in this list and not on the disk was lost, and is never made anew.
-- `copy` names the file that counts: drawers/<drawer>.db is the first, drawers/<drawer>.<copy>.db one written anew.
-- `cursor` is how far it had come when it was last open, or last up to date.
CREATE TABLE drawer_file (
    drawer      TEXT PRIMARY KEY,
    generation  INTEGER NOT NULL,
    copy        INTEGER NOT NULL DEFAULT 1,
    cursor      TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Patients that were erased by order: nothing of them is taken in again, whatever brings it.
CREATE TABLE erased_patient (
    patient     TEXT PRIMARY KEY,
    ordered_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Drawers that have to be written anew because somebody was taken out of them: until then their free pages may still hold it.
CREATE TABLE erasure_due (
    drawer      TEXT NOT NULL,
    patient     TEXT NOT NULL REFERENCES erased_patient (patient),
    PRIMARY KEY (drawer, patient)
) STRICT, WITHOUT ROWID;

-- Every change made here. Its number goes into the envelope; `depends_on` are the ids of the changes it stands on.
CREATE TABLE outbox (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    change      BLOB NOT NULL UNIQUE CHECK (length(change) = 16),
    author      BLOB NOT NULL CHECK (length(author) = 16),
    drawer      TEXT NOT NULL,
    patient     TEXT NOT NULL DEFAULT '',
    -- The other patient, where a change joins or separates two charts.
    also        TEXT NOT NULL DEFAULT '',
    kind        TEXT NOT NULL,
    written_at  INTEGER NOT NULL,
    depends_on  BLOB NOT NULL,
    intent      BLOB NOT NULL,
    state       TEXT NOT NULL,
    verdict     BLOB NOT NULL DEFAULT x'',
    settled     INTEGER NOT NULL DEFAULT 0,
    -- When the server had received what it answered, by its own clock, as long as the envelope is kept for a server that is put back.
    answered_at INTEGER,
    -- SHA-256 of the envelope: a copy in outbox/ that is another is not sent.
    digest      BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE INDEX outbox_open ON outbox (state, sequence);
