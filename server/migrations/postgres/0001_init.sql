-- The first schema. Frozen once shipped: a change is a new file, and a new file only adds what the version before can work
-- beside; what that needs is taken away in a later release (docs/OPERATING.md). Times are milliseconds since 1970, hashes are
-- SHA-256. What would open something (TOTP seeds, drawer keys, escrow) is sealed by the custody key before it comes here; the
-- bodies of records are not. Run by the owner of the schema; the role that serves gets what it needs and no more.

SET search_path = chartkeep;

CREATE TABLE migration (
  number      BIGINT NOT NULL PRIMARY KEY,
  serves      BIGINT NOT NULL,              -- the oldest schema that a program may know and still work on this one
  applied_at  BIGINT NOT NULL
);

CREATE TABLE practice (
  id          UUID NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  host        TEXT NOT NULL,
  node        UUID NOT NULL,                -- the server's own device id, in its audit events
  log         UUID NOT NULL,                -- the server's own audit log
  trust       TEXT NOT NULL,                -- the signed trust bundle
  trust_number BIGINT NOT NULL,
  policy      TEXT,                         -- what holds for every workstation, JSON; absent until it was set
  made_at     BIGINT NOT NULL
);

CREATE TABLE device (
  id            UUID NOT NULL PRIMARY KEY,
  practice      UUID NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  label         TEXT NOT NULL,
  certificate   BYTEA NOT NULL,             -- hash of the certificate in use
  certificate_until BIGINT NOT NULL,        -- when it ends
  renewing      BYTEA,                      -- hash of one that was issued and not used yet
  renewing_until BIGINT,
  checkpoint_key BYTEA NOT NULL,
  agreement_key BYTEA NOT NULL,
  escrow        BYTEA,                      -- the key of device.db, sealed
  log           UUID,                       -- its audit log, once something was delivered
  program       TEXT NOT NULL DEFAULT '',
  system        TEXT NOT NULL DEFAULT '',   -- these five are what the workstation says of itself
  disk          TEXT NOT NULL DEFAULT 'unknown',
  swap          TEXT NOT NULL DEFAULT 'unknown',
  unsent_changes BIGINT NOT NULL DEFAULT 0,
  unsent_events BIGINT NOT NULL DEFAULT 0,
  directives_done BIGINT NOT NULL DEFAULT 0,
  directives_since BIGINT NOT NULL DEFAULT 0, -- those up to here were carried out before it was enrolled again
  may_link      BOOLEAN NOT NULL DEFAULT false, -- was enrolled again: it may bring one log that links to the one held
  enrolled_at   BIGINT NOT NULL,
  contact_at    BIGINT NOT NULL,
  revoked_at    BIGINT
);

-- The keys that a workstation had before it was enrolled again; what they signed has to verify later.
CREATE TABLE earlier_device_key (
  n             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device        UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  until_at      BIGINT NOT NULL,
  checkpoint_key BYTEA NOT NULL,
  agreement_key BYTEA NOT NULL,
  escrow        BYTEA                       -- the key of the device.db of that time, sealed
);

CREATE TABLE enrolment_token (
  hash        BYTEA NOT NULL PRIMARY KEY,
  label       TEXT NOT NULL,
  expires_at  BIGINT NOT NULL,
  device      UUID REFERENCES device (id),  -- which workstation it enrols again; absent where it makes a new one
  used_by     UUID REFERENCES device (id)
);

CREATE TABLE person (
  id          UUID NOT NULL PRIMARY KEY,
  practice    UUID NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  username    TEXT NOT NULL UNIQUE,         -- folded to lower case
  name        TEXT NOT NULL,
  opaque      BYTEA,                        -- the OPAQUE password file, once activated
  seed        BYTEA,                        -- the TOTP seed, sealed
  credential  BIGINT NOT NULL DEFAULT 0,    -- counts passphrases and seeds
  made_at     BIGINT NOT NULL,
  signed_in_at BIGINT,
  ended_at    BIGINT
);

-- Failed sign-ins in a row, by the hash of the name that was typed: whether anybody has that name does not show.
CREATE TABLE throttle (
  name        BYTEA NOT NULL PRIMARY KEY,
  failures    BIGINT NOT NULL,
  not_before  BIGINT NOT NULL
);

-- The grant history: a role counts from since_at until until_at.
CREATE TABLE role_grant (
  person      UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  role        TEXT COLLATE "C" NOT NULL,
  since_at    BIGINT NOT NULL,
  until_at    BIGINT,
  PRIMARY KEY (person, role, since_at)
);

CREATE TABLE activation (
  person      UUID NOT NULL PRIMARY KEY REFERENCES person (id),
  code        BYTEA NOT NULL,               -- hash
  expires_at  BIGINT NOT NULL,
  failures    BIGINT NOT NULL DEFAULT 0
);

-- What one person must not do alone: asked for by one, done when another one agrees in time.
CREATE TABLE approval (
  number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  act         TEXT NOT NULL,
  subject     TEXT NOT NULL,                -- the workstation, person or patient it is about
  reason      TEXT NOT NULL DEFAULT '',     -- its code, where the act needs one
  asked_by    UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  asked_at    BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  approved_by UUID REFERENCES person (id) ON DELETE RESTRICT,
  approved_at BIGINT,
  CHECK (approved_by IS NULL OR approved_by <> asked_by)
);

-- A person's keys on a workstation; the old ones stay, since what they signed has to verify later.
CREATE TABLE person_key (
  person      UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  since_at    BIGINT NOT NULL,
  until_at    BIGINT,
  signing_key BYTEA NOT NULL,
  agreement_key BYTEA NOT NULL,
  PRIMARY KEY (person, device, since_at)
);

-- A person's keys of one workstation, sealed to the same person on another.
CREATE TABLE twin (
  person      UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  of_device   UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  on_device   UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  bytes       BYTEA NOT NULL,
  PRIMARY KEY (person, of_device, on_device)
);

-- A slot that a person prepared for a workstation, until that has it.
CREATE TABLE prepared_slot (
  person      UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  number      BIGINT NOT NULL,
  bytes       BYTEA NOT NULL,
  PRIMARY KEY (person, device)
);

-- A person's recovery code on a workstation, for the telephone. Once it was read out the code is gone; the row stays until the
-- workstation has sent another.
CREATE TABLE recovery_code (
  person      UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  slot        UUID NOT NULL UNIQUE,
  code        BYTEA,                        -- sealed
  received_at BIGINT NOT NULL,
  released_at BIGINT,
  released_by UUID REFERENCES person (id),
  reason      TEXT,
  PRIMARY KEY (person, device)
);

-- Attached files, sealed by the workstation they were attached at: the key of each is in its record, and goes with it.
CREATE TABLE attachment (
  id          UUID NOT NULL PRIMARY KEY,
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  length      BIGINT NOT NULL,
  digest      BYTEA NOT NULL,
  held        BIGINT NOT NULL,
  begun_at    BIGINT NOT NULL
);

CREATE TABLE attachment_part (
  attachment  UUID NOT NULL REFERENCES attachment (id) ON DELETE RESTRICT,
  position    BIGINT NOT NULL,
  bytes       BYTEA NOT NULL,
  PRIMARY KEY (attachment, position)
);

CREATE TABLE used_step (
  person      UUID NOT NULL,
  step        BIGINT NOT NULL,
  device      UUID NOT NULL,
  PRIMARY KEY (person, step, device)
);

-- Half-done sign-ins, activations and challenges.
CREATE TABLE attempt (
  id          BYTEA NOT NULL PRIMARY KEY,
  kind        TEXT COLLATE "C" NOT NULL,
  device      UUID NOT NULL,
  person      UUID,
  state       BYTEA NOT NULL,
  expires_at  BIGINT NOT NULL
);

-- Programs by others that read without a person.
CREATE TABLE program (
  id          UUID NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  scopes      TEXT NOT NULL,
  jwks        TEXT NOT NULL,
  added_at    BIGINT NOT NULL,
  admitted_at BIGINT,
  ended_at    BIGINT
);

CREATE TABLE session (
  token       BYTEA NOT NULL PRIMARY KEY,   -- hash
  id          UUID NOT NULL,
  person      UUID NOT NULL,
  device      UUID NOT NULL,
  certificate BYTEA NOT NULL,
  expires_at  BIGINT NOT NULL,
  scopes      TEXT NOT NULL                  -- what a program may ask for with it; empty for a person
);

CREATE TABLE drawer_key (
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  drawer      TEXT COLLATE "C" NOT NULL,
  generation  BIGINT NOT NULL,
  keys        BYTEA NOT NULL,               -- sealed
  made_at     BIGINT NOT NULL,
  PRIMARY KEY (device, drawer, generation)
);

CREATE TABLE drawer_grant (
  number      BIGINT NOT NULL PRIMARY KEY,
  person      UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  drawer      TEXT COLLATE "C" NOT NULL,
  generation  BIGINT NOT NULL,
  not_after   BIGINT NOT NULL,
  ended_at    BIGINT,
  bytes       BYTEA NOT NULL
);
CREATE INDEX drawer_grant_open ON drawer_grant (device, person) WHERE ended_at IS NULL;

CREATE TABLE directive (
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  number      BIGINT NOT NULL,
  issued_at   BIGINT NOT NULL,
  body        TEXT NOT NULL,
  signature   BYTEA NOT NULL,
  PRIMARY KEY (device, number)
);

-- Key-encryption keys; the keys themselves are elsewhere: in a file, or in a token that hands none out. The one that has not ended
-- wraps; one that has ended opens what was not wrapped anew yet, until it is destroyed.
CREATE TABLE kek (
  id          UUID NOT NULL PRIMARY KEY,
  provider    TEXT NOT NULL,
  epoch       BIGINT NOT NULL,               -- counts what makes a data key that is remembered wrong
  incident    BOOLEAN NOT NULL DEFAULT false,  -- what older keys wrap is not wrapped anew: its rows are sealed anew
  made_at     BIGINT NOT NULL,
  ended_at    BIGINT,
  destroyed_at BIGINT
);
CREATE UNIQUE INDEX kek_in_use ON kek ((ended_at IS NULL)) WHERE ended_at IS NULL;

-- Data keys, wrapped: the newest one of a subject seals, those before it open what was not sealed anew yet. A subject is a patient's
-- id, nothing for records without a patient, or a change whose envelope is not of one patient. A table of its own, to be backed
-- up apart: without it no row of version, change and conflict opens, and a key that is deleted here takes what it seals with it.
CREATE TABLE data_key (
  subject     TEXT COLLATE "C" NOT NULL,
  generation  BIGINT NOT NULL,
  kek         UUID NOT NULL REFERENCES kek (id) ON DELETE RESTRICT,
  wrapped     BYTEA NOT NULL,
  made_at     BIGINT NOT NULL,
  PRIMARY KEY (subject, generation)
);
CREATE INDEX data_key_of_kek ON data_key (kek);

-- Every version of every record, in the order of the server sequence, which is also the order of commits: whoever writes
-- holds one lock from before a number is drawn until after its row is seen by all.
-- gone: the record has left this drawer, or was deleted; such a row has no body. Where it left, a row of the same version in
-- another drawer says what it is now.
-- superseded: a later row tells this drawer of the record.
CREATE TABLE version (
  seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  practice    UUID NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  kind        TEXT COLLATE "C" NOT NULL,
  id          TEXT NOT NULL,
  version     BIGINT NOT NULL,
  drawer      TEXT COLLATE "C" NOT NULL,
  class       TEXT NOT NULL,
  patient     TEXT,
  gone        BOOLEAN NOT NULL DEFAULT false,
  superseded  BOOLEAN NOT NULL DEFAULT false,
  change      UUID,
  author      UUID NOT NULL,
  device      UUID NOT NULL,
  written_at  BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  data_key    BIGINT NOT NULL,             -- which data key of the patient seals the body; 0 where there is none
  body        BYTEA NOT NULL                -- sealed
);
CREATE UNIQUE INDEX version_of_record ON version (kind, id, version, gone);
CREATE INDEX version_feed ON version (drawer, seq) WHERE NOT superseded;
CREATE INDEX version_of_patient ON version (patient, kind) WHERE patient IS NOT NULL;
CREATE INDEX version_of_nobody ON version (kind, seq) WHERE patient IS NULL;
CREATE INDEX version_of_kind ON version (kind, seq, superseded, gone);
CREATE INDEX version_that_is_gone ON version (kind, seq) WHERE gone;
CREATE INDEX version_of_change ON version (change) WHERE change IS NOT NULL;

-- A chart that workstations do not keep, or keep again, told in each drawer's history at its place in the sequence of versions.
CREATE TABLE chart_mark (
  patient     TEXT NOT NULL,
  drawer      TEXT COLLATE "C" NOT NULL,
  practice    UUID NOT NULL REFERENCES practice (id) ON DELETE RESTRICT,
  seq         BIGINT NOT NULL,
  away        BOOLEAN NOT NULL,
  PRIMARY KEY (patient, drawer)
);
CREATE UNIQUE INDEX chart_mark_feed ON chart_mark (drawer, seq);

-- What present versions are found by. Values of parameters that can tell who somebody is are keyed tokens (HMAC); codes stand
-- as code, unit separator and system, times as eight bytes that sort.
CREATE TABLE search_index (
  parameter   TEXT COLLATE "C" NOT NULL,
  value       BYTEA NOT NULL,
  seq         BIGINT NOT NULL,              -- the version; it goes when another one takes its place
  PRIMARY KEY (parameter, value, seq)
);
CREATE INDEX search_index_of_version ON search_index (seq);

CREATE TABLE relation (
  person      UUID NOT NULL,
  patient     TEXT NOT NULL,
  since_at    BIGINT NOT NULL,
  until_at    BIGINT NOT NULL,
  source      TEXT NOT NULL,
  PRIMARY KEY (person, patient, since_at)
);

CREATE TABLE change (
  id          UUID NOT NULL PRIMARY KEY,
  device      UUID NOT NULL,
  author      UUID,                         -- absent where the envelope could not be opened
  sequence    BIGINT NOT NULL,
  written_at  BIGINT,
  received_at BIGINT NOT NULL,
  outcome     BYTEA NOT NULL,               -- JSON; sealed where it repeats what is in conflict
  digest      BYTEA NOT NULL,               -- hash of the envelope
  subject     TEXT COLLATE "C" NOT NULL,   -- whose data key seals the envelope, and what the change has in conflict
  data_key    BIGINT NOT NULL,              -- which one; 0 where there is no envelope
  envelope    BYTEA NOT NULL               -- sealed; empty where its patient was erased
);
CREATE INDEX change_of_device ON change (device, sequence);

-- Both versions of a conflict: the one that stands is in version, the one that waits for a person is here.
CREATE TABLE conflict (
  change      UUID NOT NULL REFERENCES change (id) ON DELETE RESTRICT,
  kind        TEXT COLLATE "C" NOT NULL,
  id          TEXT NOT NULL,
  base        BIGINT NOT NULL,
  standing    BIGINT NOT NULL,              -- the version it met
  body        BYTEA NOT NULL,              -- sealed as the change's envelope is; empty where it would have deleted the record
  resolved_at BIGINT,
  PRIMARY KEY (change, kind, id)
);

-- Versions that were there before the store was put back from an older copy, and the change that each was made by.
CREATE TABLE lost_version (
  kind        TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  version     BIGINT NOT NULL,
  change      UUID NOT NULL,
  PRIMARY KEY (kind, id, version)
);

-- Patients that were erased: nothing of them is taken in again, whatever brings it.
CREATE TABLE erasure (
  number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  patient     TEXT NOT NULL UNIQUE,
  reason      TEXT NOT NULL,
  asked_by    UUID NOT NULL,                -- people; a store that was put back may be older than they are
  asked_at    BIGINT NOT NULL,
  agreed_by   UUID NOT NULL,
  erased_at   BIGINT NOT NULL,
  records     BIGINT NOT NULL,
  versions    BIGINT NOT NULL,
  settled     BOOLEAN NOT NULL DEFAULT false, -- the owner of the tables has cleared its pages since
  certificate BYTEA
);

-- The workstations that were told, and which of them have done it.
CREATE TABLE erasure_device (
  patient     TEXT NOT NULL REFERENCES erasure (patient) ON DELETE RESTRICT,
  device      UUID NOT NULL REFERENCES device (id) ON DELETE RESTRICT,
  directive   BIGINT NOT NULL,
  confirmed_at BIGINT,
  PRIMARY KEY (patient, device)
);

-- Patients who must not be erased, and who was.
CREATE TABLE legal_hold (
  number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  patient     TEXT NOT NULL,
  reason      TEXT NOT NULL,
  set_by      UUID NOT NULL REFERENCES person (id) ON DELETE RESTRICT,
  set_at      BIGINT NOT NULL,
  ended_by    UUID REFERENCES person (id) ON DELETE RESTRICT,
  ended_at    BIGINT
);

CREATE TABLE log (
  id          UUID NOT NULL PRIMARY KEY,
  n           BIGINT GENERATED ALWAYS AS IDENTITY, -- the order in which they came
  device      UUID,                         -- absent for the server's own
  tree        BYTEA NOT NULL,               -- size and peaks (RFC 6962)
  checkpoint  TEXT,                         -- the last signed one
  updated_at  BIGINT NOT NULL,
  marks       BYTEA NOT NULL                -- what follows its marks, sealed; empty before the first
);

-- Without a reference to log: no log is ever taken out, and each event would pay for the check.
CREATE TABLE leaf (
  n           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  log         UUID NOT NULL,
  position    BIGINT NOT NULL,
  hash        BYTEA NOT NULL,
  received_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,              -- these nine are read out of the event, for searching; received_at where it does not say
  event_id    TEXT,
  type        TEXT,
  subtype     TEXT,
  outcome     TEXT,
  agent       TEXT,
  patient     TEXT,
  access      BOOLEAN NOT NULL DEFAULT false, -- a chart was opened, or records taken out of it
  odd         BOOLEAN NOT NULL DEFAULT false, -- not a usual AuditEvent; kept all the same
  event       BYTEA NOT NULL
);
CREATE UNIQUE INDEX leaf_of_log ON leaf (log, position);
CREATE INDEX leaf_of_time ON leaf (recorded_at, n);
CREATE INDEX leaf_that_is_odd ON leaf (n) WHERE odd;
CREATE INDEX leaf_of_event ON leaf (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX leaf_of_patient ON leaf (patient, recorded_at) WHERE patient IS NOT NULL;
CREATE INDEX leaf_of_access ON leaf (agent, recorded_at, patient) WHERE access;

-- What was once written into a log is neither changed nor taken out, whoever asks.
CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'restrict_violation';
END
$$;
-- What two people agreed to take out of logs once its time was over; never what is younger than six years. Carried out by the
-- owner of the tables: the role that serves reads it.
CREATE TABLE purge (
  number      BIGINT NOT NULL PRIMARY KEY,
  approval    BIGINT NOT NULL UNIQUE,
  before      BIGINT NOT NULL,              -- entries that were received before this
  asked_by    UUID NOT NULL,
  asked_at    BIGINT NOT NULL,
  agreed_by   UUID NOT NULL CHECK (agreed_by <> asked_by),
  agreed_at   BIGINT NOT NULL,
  purged_at   BIGINT NOT NULL CHECK (before <= purged_at - 189216000000),
  entries     BIGINT NOT NULL,
  certificate BYTEA NOT NULL,               -- names each of them, signed
  trust       TEXT NOT NULL                 -- the bundle with the key that signed it
);
CREATE TRIGGER purge_stays BEFORE UPDATE OR DELETE ON purge FOR EACH ROW EXECUTE FUNCTION only_grows();
CREATE TRIGGER purge_remains BEFORE TRUNCATE ON purge FOR EACH STATEMENT EXECUTE FUNCTION only_grows();

-- But for one thing: a purge empties what an entry said.
CREATE FUNCTION only_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF length(NEW.event) = 0 AND length(OLD.event) > 0
    AND (NEW.n, NEW.log, NEW.position, NEW.hash, NEW.received_at, NEW.recorded_at)
      = (OLD.n, OLD.log, OLD.position, OLD.hash, OLD.received_at, OLD.recorded_at)
    AND EXISTS (SELECT 1 FROM purge WHERE OLD.received_at < before) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER leaf_stays BEFORE DELETE ON leaf FOR EACH ROW EXECUTE FUNCTION only_grows();
CREATE TRIGGER leaf_unchanged BEFORE UPDATE ON leaf FOR EACH ROW EXECUTE FUNCTION only_emptied();
CREATE TRIGGER leaf_remains BEFORE TRUNCATE ON leaf FOR EACH STATEMENT EXECUTE FUNCTION only_grows();

-- The marks that came with leaves, run by run, for whoever checks an exported log.
CREATE TABLE leaf_marks (
  log         UUID NOT NULL,
  at          BIGINT NOT NULL,              -- the position of the first leaf
  marks       BYTEA NOT NULL,
  PRIMARY KEY (log, at)
);
CREATE TRIGGER marks_stay BEFORE UPDATE OR DELETE ON leaf_marks FOR EACH ROW EXECUTE FUNCTION only_grows();
CREATE TRIGGER marks_remain BEFORE TRUNCATE ON leaf_marks FOR EACH STATEMENT EXECUTE FUNCTION only_grows();

CREATE TABLE alert (
  number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          BIGINT NOT NULL,
  kind        TEXT COLLATE "C" NOT NULL,
  device      UUID,
  person      UUID,
  detail      TEXT NOT NULL,
  seen_by     UUID REFERENCES person (id) ON DELETE RESTRICT,
  seen_at     BIGINT,
  seen_as     TEXT COLLATE "C"
);
CREATE INDEX alert_of_kind ON alert (kind, at);

-- What the server keeps for itself: thresholds, and how far it has looked, sent and reported.
CREATE TABLE server_setting (
  name        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value       TEXT NOT NULL
);

-- The role that serves: it reads and writes rows, owns nothing, and leaves the audit log as it is.
GRANT SELECT ON migration, purge TO chartkeep_app;
GRANT SELECT, INSERT ON leaf, leaf_marks, alert, directive, earlier_device_key, used_step TO chartkeep_app;
GRANT SELECT, INSERT ON lost_version TO chartkeep_app;
-- After a restore the history goes on above every number that was ever given.
GRANT SELECT, UPDATE ON SEQUENCE version_seq_seq TO chartkeep_app;
GRANT UPDATE (seen_by, seen_at, seen_as) ON alert TO chartkeep_app;
GRANT SELECT, INSERT, UPDATE ON program, server_setting, practice, device, enrolment_token, person, role_grant, approval, person_key, drawer_grant,
  change, erasure, erasure_device, legal_hold, log, kek TO chartkeep_app;
GRANT SELECT, INSERT, DELETE ON attempt, session, drawer_key TO chartkeep_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON throttle, activation, twin, prepared_slot, recovery_code, version, chart_mark, search_index, relation,
  conflict, data_key, attachment, attachment_part TO chartkeep_app;
