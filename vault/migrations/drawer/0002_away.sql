-- Patients whose chart this workstation does not keep, as far as this drawer goes; `until_at` is when one that was fetched from
-- the server is to go again, or 0.
CREATE TABLE away (
    patient     INTEGER PRIMARY KEY REFERENCES patient (number),
    fetched_at  INTEGER NOT NULL DEFAULT 0,
    until_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX away_until ON away (until_at) WHERE until_at > 0;
