-- The first schema. Frozen once shipped: a change is a new file. Ids are UUIDs as 16 bytes, times are milliseconds since 1970,
-- hashes are SHA-256. What would open something (TOTP seeds, drawer keys, escrow) is sealed by the custody key before it comes here.

CREATE TABLE practice (
  id          BLOB NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  host        TEXT NOT NULL,
  node        BLOB NOT NULL,               -- the server's own device id, in its audit events
  log         BLOB NOT NULL,               -- the server's own audit log
  trust       TEXT NOT NULL,               -- the signed trust bundle
  trust_number INTEGER NOT NULL,
  policy      TEXT,                        -- what holds for every workstation, JSON; absent until it was set
  made_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE device (
  id            BLOB NOT NULL PRIMARY KEY,
  practice      BLOB NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  label         TEXT NOT NULL,
  certificate   BLOB NOT NULL,             -- hash of the certificate in use
  certificate_until INTEGER NOT NULL,      -- when it ends
  renewing      BLOB,                      -- hash of one that was issued and not used yet
  renewing_until INTEGER,
  checkpoint_key BLOB NOT NULL,
  agreement_key BLOB NOT NULL,
  escrow        BLOB,                      -- the key of device.db, sealed
  log           BLOB,                      -- its audit log, once something was delivered
  program       TEXT NOT NULL DEFAULT '',
  system        TEXT NOT NULL DEFAULT '',  -- these five are what the workstation says of itself
  disk          TEXT NOT NULL DEFAULT 'unknown',
  swap          TEXT NOT NULL DEFAULT 'unknown',
  unsent_changes INTEGER NOT NULL DEFAULT 0,
  unsent_events INTEGER NOT NULL DEFAULT 0,
  directives_done INTEGER NOT NULL DEFAULT 0,
  directives_since INTEGER NOT NULL DEFAULT 0, -- those up to here were carried out before it was enrolled again
  may_link      INTEGER NOT NULL DEFAULT 0,  -- was enrolled again: it may bring one log that links to the one held
  enrolled_at   INTEGER NOT NULL,
  contact_at    INTEGER NOT NULL,
  revoked_at    INTEGER
) STRICT;

-- The keys that a workstation had before it was enrolled again; what they signed has to verify later.
CREATE TABLE earlier_device_key (
  n             INTEGER PRIMARY KEY AUTOINCREMENT,
  device        BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  until_at      INTEGER NOT NULL,
  checkpoint_key BLOB NOT NULL,
  agreement_key BLOB NOT NULL,
  escrow        BLOB                       -- the key of the device.db of that time, sealed
) STRICT;

CREATE TABLE enrolment_token (
  hash        BLOB NOT NULL PRIMARY KEY,
  label       TEXT NOT NULL,
  expires_at  INTEGER NOT NULL,
  device      BLOB REFERENCES device (id), -- which workstation it enrols again; absent where it makes a new one
  used_by     BLOB REFERENCES device (id)
) STRICT;

CREATE TABLE person (
  id          BLOB NOT NULL PRIMARY KEY,
  practice    BLOB NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  username    TEXT NOT NULL UNIQUE,        -- folded to lower case
  name        TEXT NOT NULL,
  opaque      BLOB,                        -- the OPAQUE password file, once activated
  seed        BLOB,                        -- the TOTP seed, sealed
  credential  INTEGER NOT NULL DEFAULT 0,  -- counts passphrases and seeds
  made_at     INTEGER NOT NULL,
  signed_in_at INTEGER,
  ended_at    INTEGER
) STRICT;

-- Failed sign-ins in a row, by the hash of the name that was typed: whether anybody has that name does not show.
CREATE TABLE throttle (
  name        BLOB NOT NULL PRIMARY KEY,
  failures    INTEGER NOT NULL,
  not_before  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The grant history: a role counts from since_at until until_at.
CREATE TABLE role_grant (
  person      BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  role        TEXT NOT NULL,
  since_at    INTEGER NOT NULL,
  until_at    INTEGER,
  PRIMARY KEY (person, role, since_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE activation (
  person      BLOB NOT NULL PRIMARY KEY REFERENCES person (id),
  code        BLOB NOT NULL,               -- hash
  expires_at  INTEGER NOT NULL,
  failures    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What one person must not do alone: asked for by one, done when another one agrees in time.
CREATE TABLE approval (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  act         TEXT NOT NULL,
  subject     TEXT NOT NULL,               -- the workstation, person or patient it is about
  reason      TEXT NOT NULL DEFAULT '',    -- its code, where the act needs one
  asked_by    BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  asked_at    INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  approved_by BLOB REFERENCES person (id) ON DELETE RESTRICT,
  approved_at INTEGER,
  CHECK (approved_by IS NULL OR approved_by <> asked_by)
) STRICT;

-- A person's keys on a workstation; the old ones stay, since what they signed has to verify later.
CREATE TABLE person_key (
  person      BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  since_at    INTEGER NOT NULL,
  until_at    INTEGER,
  signing_key BLOB NOT NULL,
  agreement_key BLOB NOT NULL,
  PRIMARY KEY (person, device, since_at)
) STRICT, WITHOUT ROWID;

-- A person's keys of one workstation, sealed to the same person on another.
CREATE TABLE twin (
  person      BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  of_device   BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  on_device   BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  bytes       BLOB NOT NULL,
  PRIMARY KEY (person, of_device, on_device)
) STRICT, WITHOUT ROWID;

-- A slot that a person prepared for a workstation, until that has it. With a rowid: it is some hundred kilobytes.
CREATE TABLE prepared_slot (
  person      BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  number      INTEGER NOT NULL,
  bytes       BLOB NOT NULL,
  PRIMARY KEY (person, device)
) STRICT;

-- A person's recovery code on a workstation, for the telephone. Once it was read out the code is gone; the row stays until the
-- workstation has sent another.
CREATE TABLE recovery_code (
  person      BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  slot        BLOB NOT NULL UNIQUE,
  code        BLOB,                        -- sealed
  received_at INTEGER NOT NULL,
  released_at INTEGER,
  released_by BLOB REFERENCES person (id),
  reason      TEXT,
  PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;

-- Attached files, sealed by the workstation they were attached at: the key of each is in its record, and goes with it.
CREATE TABLE attachment (
  id          BLOB NOT NULL PRIMARY KEY,
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  length      INTEGER NOT NULL,
  digest      BLOB NOT NULL,
  held        INTEGER NOT NULL,
  begun_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attachment_part (
  attachment  BLOB NOT NULL REFERENCES attachment (id) ON DELETE RESTRICT,
  position    INTEGER NOT NULL,
  bytes       BLOB NOT NULL,
  PRIMARY KEY (attachment, position)
) STRICT;

CREATE TABLE used_step (
  person      BLOB NOT NULL,
  step        INTEGER NOT NULL,
  device      BLOB NOT NULL,
  PRIMARY KEY (person, step, device)
) STRICT, WITHOUT ROWID;

-- Half-done sign-ins, activations and challenges.
CREATE TABLE attempt (
  id          BLOB NOT NULL PRIMARY KEY,
  kind        TEXT NOT NULL,
  device      BLOB NOT NULL,
  person      BLOB,
  state       BLOB NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Programs by others that read without a person.
CREATE TABLE program (
  id          BLOB NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  scopes      TEXT NOT NULL,
  jwks        TEXT NOT NULL,
  added_at    INTEGER NOT NULL,
  admitted_at INTEGER,
  ended_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  token       BLOB NOT NULL PRIMARY KEY,   -- hash
  id          BLOB NOT NULL,
  person      BLOB NOT NULL,
  device      BLOB NOT NULL,
  certificate BLOB NOT NULL,
  expires_at  INTEGER NOT NULL,
  scopes      TEXT NOT NULL                -- what a program may ask for with it; empty for a person
) STRICT, WITHOUT ROWID;

CREATE TABLE drawer_key (
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  drawer      TEXT NOT NULL,
  generation  INTEGER NOT NULL,
  keys        BLOB NOT NULL,               -- sealed
  made_at     INTEGER NOT NULL,
  PRIMARY KEY (device, drawer, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE drawer_grant (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  person      BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  drawer      TEXT NOT NULL,
  generation  INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  ended_at    INTEGER,
  bytes       BLOB NOT NULL
) STRICT;
CREATE INDEX drawer_grant_open ON drawer_grant (device, person) WHERE ended_at IS NULL;

CREATE TABLE directive (
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  number      INTEGER NOT NULL,
  issued_at   INTEGER NOT NULL,
  body        TEXT NOT NULL,
  signature   BLOB NOT NULL,
  PRIMARY KEY (device, number)
) STRICT, WITHOUT ROWID;

-- Key-encryption keys; the keys themselves are elsewhere: in a file, or in a token that hands none out. The one that has not ended
-- wraps; one that has ended opens what was not wrapped anew yet, until it is destroyed.
CREATE TABLE kek (
  id          BLOB NOT NULL PRIMARY KEY,
  provider    TEXT NOT NULL,
  epoch       INTEGER NOT NULL,              -- counts what makes a data key that is remembered wrong
  incident    INTEGER NOT NULL DEFAULT 0,  -- what older keys wrap is not wrapped anew: its rows are sealed anew
  made_at     INTEGER NOT NULL,
  ended_at    INTEGER,
  destroyed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX kek_in_use ON kek ((ended_at IS NULL)) WHERE ended_at IS NULL;

-- Data keys, wrapped: the newest one of a subject seals, those before it open what was not sealed anew yet. A subject is a patient's
-- id, nothing for records without a patient, or a change whose envelope is not of one patient. A table of its own, to be backed
-- up apart: without it no row of version, change and conflict opens, and a key that is deleted here takes what it seals with it.
CREATE TABLE data_key (
  subject     TEXT NOT NULL,
  generation  INTEGER NOT NULL,
  kek         BLOB NOT NULL REFERENCES kek (id) ON DELETE RESTRICT,
  wrapped     BLOB NOT NULL,
  made_at     INTEGER NOT NULL,
  PRIMARY KEY (subject, generation)
) STRICT, WITHOUT ROWID;
CREATE INDEX data_key_of_kek ON data_key (kek);

-- Every version of every record, in the order of the server sequence, which is also the order of commits.
-- gone: the record has left this drawer, or was deleted; such a row has no body. Where it left, a row of the same version in
-- another drawer says what it is now.
-- superseded: a later row tells this drawer of the record.
CREATE TABLE version (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  practice    BLOB NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  kind        TEXT NOT NULL,
  id          TEXT NOT NULL,
  version     INTEGER NOT NULL,
  drawer      TEXT NOT NULL,
  class       TEXT NOT NULL,
  patient     TEXT,
  gone        INTEGER NOT NULL DEFAULT 0,
  superseded  INTEGER NOT NULL DEFAULT 0,
  change      BLOB,
  author      BLOB NOT NULL,
  device      BLOB NOT NULL,
  written_at  INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  data_key    INTEGER NOT NULL,            -- which data key of the patient seals the body; 0 where there is none
  body        BLOB NOT NULL               -- sealed
) STRICT;
CREATE UNIQUE INDEX version_of_record ON version (kind, id, version, gone);
CREATE INDEX version_feed ON version (drawer, seq) WHERE superseded = 0;
CREATE INDEX version_of_patient ON version (patient, kind) WHERE patient IS NOT NULL;
CREATE INDEX version_of_nobody ON version (kind, seq) WHERE patient IS NULL;
CREATE INDEX version_of_change ON version (change) WHERE change IS NOT NULL;

CREATE INDEX version_of_kind ON version (kind, seq, superseded, gone);
CREATE INDEX version_that_is_gone ON version (kind, seq) WHERE gone;

-- A chart that workstations do not keep, or keep again, told in each drawer's history at its place in the sequence of versions.
CREATE TABLE chart_mark (
  patient     TEXT NOT NULL,
  drawer      TEXT NOT NULL,
  practice    BLOB NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  seq         INTEGER NOT NULL,
  away        INTEGER NOT NULL,
  PRIMARY KEY (patient, drawer)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX chart_mark_feed ON chart_mark (drawer, seq);

-- What present versions are found by. Values of parameters that can tell who somebody is are keyed tokens (HMAC); codes stand
-- as code, unit separator and system, times as eight bytes that sort.
CREATE TABLE search_index (
  parameter   TEXT NOT NULL,
  value       BLOB NOT NULL,
  seq         INTEGER NOT NULL,            -- the version; it goes when another one takes its place
  PRIMARY KEY (parameter, value, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_index_of_version ON search_index (seq);

CREATE TABLE relation (
  person      BLOB NOT NULL,
  patient     TEXT NOT NULL,
  since_at    INTEGER NOT NULL,
  until_at    INTEGER NOT NULL,
  source      TEXT NOT NULL,
  PRIMARY KEY (person, patient, since_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE change (
  id          BLOB NOT NULL PRIMARY KEY,
  device      BLOB NOT NULL,
  author      BLOB,                        -- absent where the envelope could not be opened
  sequence    INTEGER NOT NULL,
  written_at  INTEGER,
  received_at INTEGER NOT NULL,
  outcome     BLOB NOT NULL,               -- JSON; sealed where it repeats what is in conflict
  digest      BLOB NOT NULL,               -- hash of the envelope
  subject     TEXT NOT NULL,   -- whose data key seals the envelope, and what the change has in conflict
  data_key    INTEGER NOT NULL,              -- which one; 0 where there is no envelope
  envelope    BLOB NOT NULL               -- sealed; empty where its patient was erased
) STRICT;
CREATE INDEX change_of_device ON change (device, sequence);

-- Both versions of a conflict: the one that stands is in version, the one that waits for a person is here.
CREATE TABLE conflict (
  change      BLOB NOT NULL REFERENCES change (id) ON DELETE RESTRICT,
  kind        TEXT NOT NULL,
  id          TEXT NOT NULL,
  base        INTEGER NOT NULL,
  standing    INTEGER NOT NULL,            -- the version it met
  body        BLOB NOT NULL,              -- sealed as the change's envelope is; empty where it would have deleted the record
  resolved_at INTEGER,
  PRIMARY KEY (change, kind, id)
) STRICT, WITHOUT ROWID;

-- Versions that were there before the store was put back from an older copy, and the change that each was made by.
CREATE TABLE lost_version (
  kind        TEXT NOT NULL,
  id          TEXT NOT NULL,
  version     INTEGER NOT NULL,
  change      BLOB NOT NULL,
  PRIMARY KEY (kind, id, version)
) STRICT, WITHOUT ROWID;

-- Patients that were erased: nothing of them is taken in again, whatever brings it.
CREATE TABLE erasure (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  patient     TEXT NOT NULL UNIQUE,
  reason      TEXT NOT NULL,
  asked_by    BLOB NOT NULL,               -- people; a store that was put back may be older than they are
  asked_at    INTEGER NOT NULL,
  agreed_by   BLOB NOT NULL,
  erased_at   INTEGER NOT NULL,
  records     INTEGER NOT NULL,
  versions    INTEGER NOT NULL,
  settled     INTEGER NOT NULL DEFAULT 0,  -- the write-ahead log was emptied since
  certificate BLOB
) STRICT;

-- The workstations that were told, and which of them have done it.
CREATE TABLE erasure_device (
  patient     TEXT NOT NULL REFERENCES erasure (patient) ON DELETE RESTRICT,
  device      BLOB NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  directive   INTEGER NOT NULL,
  confirmed_at INTEGER,
  PRIMARY KEY (patient, device)
) STRICT, WITHOUT ROWID;

-- Patients who must not be erased, and who was.
CREATE TABLE legal_hold (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  patient     TEXT NOT NULL,
  reason      TEXT NOT NULL,
  set_by      BLOB NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  set_at      INTEGER NOT NULL,
  ended_by    BLOB REFERENCES person (id) ON DELETE RESTRICT,
  ended_at    INTEGER
) STRICT;

CREATE TABLE log (
  id          BLOB NOT NULL PRIMARY KEY,
  device      BLOB,                        -- absent for the server's own
  tree        BLOB NOT NULL,               -- size and peaks (RFC 6962)
  checkpoint  TEXT,                        -- the last signed one
  updated_at  INTEGER NOT NULL,
  marks       BLOB NOT NULL                -- what follows its marks, sealed; empty before the first
) STRICT;

CREATE TABLE leaf (
  n           INTEGER PRIMARY KEY AUTOINCREMENT,
  log         BLOB NOT NULL REFERENCES log (id) ON DELETE RESTRICT,
  position    INTEGER NOT NULL,
  hash        BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,            -- these nine are read out of the event, for searching; received_at where it does not say
  event_id    TEXT,
  type        TEXT,
  subtype     TEXT,
  outcome     TEXT,
  agent       TEXT,
  patient     TEXT,
  access      INTEGER NOT NULL DEFAULT 0,  -- a chart was opened, or records taken out of it
  odd         INTEGER NOT NULL DEFAULT 0,  -- not a usual AuditEvent; kept all the same
  event       BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX leaf_of_log ON leaf (log, position);
CREATE INDEX leaf_of_time ON leaf (recorded_at, n);
CREATE INDEX leaf_that_is_odd ON leaf (n) WHERE odd;
CREATE INDEX leaf_of_event ON leaf (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX leaf_of_patient ON leaf (patient, recorded_at) WHERE patient IS NOT NULL;
CREATE INDEX leaf_of_access ON leaf (agent, recorded_at, patient) WHERE access = 1;

-- What two people agreed to take out of logs once its time was over; never what is younger than six years.
CREATE TABLE purge (
  number      INTEGER NOT NULL PRIMARY KEY,
  approval    INTEGER NOT NULL UNIQUE,
  before      INTEGER NOT NULL,            -- entries that were received before this
  asked_by    BLOB NOT NULL,
  asked_at    INTEGER NOT NULL,
  agreed_by   BLOB NOT NULL CHECK (agreed_by <> asked_by),
  agreed_at   INTEGER NOT NULL,
  purged_at   INTEGER NOT NULL CHECK (before <= purged_at - 189216000000),
  entries     INTEGER NOT NULL,
  certificate BLOB NOT NULL,               -- names each of them, signed
  trust       TEXT NOT NULL                -- the bundle with the key that signed it
) STRICT;
CREATE TRIGGER purge_stays BEFORE DELETE ON purge BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER purge_unchanged BEFORE UPDATE ON purge BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;

-- What was once written into a log is not changed or taken out by this program; a purge empties what an entry said.
CREATE TRIGGER leaf_stays BEFORE DELETE ON leaf BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER leaf_unchanged BEFORE UPDATE ON leaf
WHEN length(NEW.event) > 0 OR length(OLD.event) = 0 OR NEW.n <> OLD.n OR NEW.log <> OLD.log OR NEW.position <> OLD.position
  OR NEW.hash <> OLD.hash OR NEW.received_at <> OLD.received_at OR NEW.recorded_at <> OLD.recorded_at
  OR NOT EXISTS (SELECT 1 FROM purge WHERE OLD.received_at < before)
BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;

-- The marks that came with leaves, run by run, for whoever checks an exported log.
CREATE TABLE leaf_marks (
  log         BLOB NOT NULL REFERENCES log (id) ON DELETE RESTRICT,
  at          INTEGER NOT NULL,            -- the position of the first leaf
  marks       BLOB NOT NULL,
  PRIMARY KEY (log, at)
) STRICT;
CREATE TRIGGER marks_stay BEFORE DELETE ON leaf_marks BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER marks_unchanged BEFORE UPDATE ON leaf_marks BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;

CREATE TABLE alert (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  device      BLOB,
  person      BLOB,
  detail      TEXT NOT NULL,
  seen_by     BLOB REFERENCES person (id) ON DELETE RESTRICT,
  seen_at     INTEGER,
  seen_as     TEXT
) STRICT;
CREATE INDEX alert_of_kind ON alert (kind, at);

-- What the server keeps for itself: thresholds, and how far it has looked, sent and reported.
CREATE TABLE server_setting (
  name        TEXT NOT NULL PRIMARY KEY,
  value       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
