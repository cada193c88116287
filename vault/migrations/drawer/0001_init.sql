-- drawers/<drawer>.db, schema 1. Every document is sealed inside its row; plain are only ids, versions, types, classes,
-- dates to sort by, who cares for whom, and what patients are found by (name parts, keyed tokens of all else).

-- Whose file this is, and how far it has come.
CREATE TABLE drawer (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    vault       BLOB NOT NULL CHECK (length(vault) = 16),
    name        TEXT NOT NULL,
    generation  INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    cursor      TEXT NOT NULL DEFAULT '',
    pulled_at   INTEGER NOT NULL DEFAULT 0,
    -- Since when this file is not to be written to, and why (`old-copy`, `other-rows`): it is not what was noted of it.
    held_since  INTEGER NOT NULL DEFAULT 0,
    held_for    TEXT NOT NULL DEFAULT ''
) STRICT;

-- One row a patient, with the patient's data key. Number 0 holds what belongs to no patient.
CREATE TABLE patient (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    wrapped_key BLOB NOT NULL,
    next_place  INTEGER NOT NULL,
    vip         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- `place` is patient number * 2^24 + a count that never goes back: a chart lies together on few pages.
CREATE TABLE document (
    place       INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    patient     INTEGER NOT NULL REFERENCES patient (number),
    class       TEXT NOT NULL,
    version     INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    sort_at     INTEGER NOT NULL,
    author      TEXT NOT NULL DEFAULT '',
    sealed      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX document_key ON document (id, kind);
CREATE INDEX document_class ON document (patient, class);
CREATE INDEX document_day ON document (sort_at) WHERE kind = 'Appointment';

-- What a list shows of a patient: a small Patient document, sealed.
CREATE TABLE summary (
    number      INTEGER PRIMARY KEY REFERENCES patient (number),
    revision    INTEGER NOT NULL,
    sealed      BLOB NOT NULL
) STRICT;

-- What patients are found by. The row is the patient's number.
CREATE VIRTUAL TABLE patient_index USING fts5 (
    tokens, detail = none, columnsize = 0, prefix = '1 2 3 4', tokenize = "ascii tokenchars '~#'"
);
INSERT INTO patient_index (patient_index, rank) VALUES ('secure-delete', 1);

-- Who cares for whom, derived from documents; `source` is the place of the document, or negative if stated here.
CREATE TABLE care_relation (
    patient     INTEGER NOT NULL REFERENCES patient (number),
    person      TEXT NOT NULL,
    source      INTEGER NOT NULL,
    since_at    INTEGER NOT NULL,
    until_at    INTEGER NOT NULL,
    PRIMARY KEY (patient, person, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX care_relation_person ON care_relation (person, until_at);
CREATE INDEX care_relation_source ON care_relation (source);

-- What each change made here wrote, until the server has answered; `state` is waiting, conflict or refused, or merged: then
-- `version` is the one that holds it and more, which has not come yet.
CREATE TABLE pending (
    ordinal     INTEGER PRIMARY KEY AUTOINCREMENT,
    change      BLOB NOT NULL CHECK (length(change) = 16),
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    patient     INTEGER NOT NULL REFERENCES patient (number),
    state       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    base        BLOB NOT NULL,              -- what it was made from, sealed; empty where it is new
    version     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pending_change ON pending (change);
CREATE INDEX pending_key ON pending (id, kind);
CREATE INDEX pending_patient ON pending (patient);

-- The server's version under changes that wait; version 0 and no bytes: the server has none.
CREATE TABLE server_version (
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    patient     INTEGER NOT NULL REFERENCES patient (number),
    version     INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    PRIMARY KEY (id, kind)
) STRICT;

-- The finished envelope of each change, as it goes to the server, and what lists it: `device.db` may be an older copy.
CREATE TABLE envelope (
    change      BLOB PRIMARY KEY CHECK (length(change) = 16),
    sequence    INTEGER NOT NULL,
    author      BLOB NOT NULL CHECK (length(author) = 16),
    patient     TEXT NOT NULL,
    also        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    written_at  INTEGER NOT NULL,
    depends_on  BLOB NOT NULL,
    bytes       BLOB NOT NULL
) STRICT;
