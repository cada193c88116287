-- device.db, schema 3. Files that were attached here.

-- Each lies sealed in blobs/, and its key is in its record alone. `change` is the one whose record speaks of it; `held` says
-- how much of it the server has said to hold.
CREATE TABLE attachment (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    change      BLOB NOT NULL CHECK (length(change) = 16),
    length      INTEGER NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    held        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
