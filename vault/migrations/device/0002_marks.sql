-- device.db, schema 2. Every entry of the audit log is marked with a key that only goes forward.

-- An entry whose key could not be had is marked later, once, and is otherwise what it was.
ALTER TABLE audit_entry ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_entry ADD COLUMN mark BLOB NOT NULL DEFAULT x'' CHECK (length(mark) IN (0, 32));

DROP TRIGGER audit_entry_is_never_changed;
CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
WHEN OLD.mark <> x'' OR NEW.mark = x'' OR NEW.position IS NOT OLD.position OR NEW.leaf_hash IS NOT OLD.leaf_hash
    OR NEW.event IS NOT OLD.event OR NEW.patient IS NOT OLD.patient OR NEW.person IS NOT OLD.person OR NEW.act IS NOT OLD.act
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Where marking began: at enrolment, and again where the key was lost. `start` is the key it began with, sealed to the server;
-- `before` the mark of the last entry before that has one.
CREATE TABLE mark_chain (
    first       INTEGER PRIMARY KEY,
    start       BLOB NOT NULL,
    before      BLOB NOT NULL CHECK (length(before) = 32)
) STRICT;

-- Where the epochs of a chain ended.
CREATE TABLE epoch_end (
    chain       INTEGER NOT NULL REFERENCES mark_chain (first),
    epoch       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    mark        BLOB NOT NULL CHECK (length(mark) = 32),
    PRIMARY KEY (chain, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX epoch_end_size ON epoch_end (chain, size);
