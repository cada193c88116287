-- drawers/<drawer>.db, schema 3: charts that may be of one person. Plain are the patients' numbers alone; what they are
-- compared by stays sealed.

-- Patients whose own record came or changed, and was not compared with the others yet.
CREATE TABLE to_compare (
    patient     INTEGER PRIMARY KEY REFERENCES patient (number)
) STRICT;
INSERT INTO to_compare (patient) SELECT number FROM summary;

-- What came of it, once for each of the two; `state` is likely, certain, or apart: somebody said that they are two people.
CREATE TABLE alike (
    patient     INTEGER NOT NULL REFERENCES patient (number),
    other       INTEGER NOT NULL,
    state       TEXT NOT NULL,
    PRIMARY KEY (patient, other)
) STRICT, WITHOUT ROWID;
