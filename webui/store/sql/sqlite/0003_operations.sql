-- Operations: what changes many rows goes on in small transactions, each of which moves its cursor. An operation is its
-- line in the journal and, as long as it matters how far it is, a row here.
ALTER TABLE unstick_journal ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE unstick_journal ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
-- The one-use key of the form that it came from: the same form again gets the first one's outcome.
ALTER TABLE unstick_journal ADD COLUMN key TEXT;
CREATE UNIQUE INDEX unstick_journal_key ON unstick_journal (key);
-- Which of an operation's transactions touched the row.
ALTER TABLE unstick_journal_rows ADD COLUMN chunk INTEGER NOT NULL DEFAULT 0;
CREATE TABLE unstick_operations (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  selection TEXT NOT NULL,
  expected INTEGER,
  at_section INTEGER NOT NULL DEFAULT 0,
  at_id INTEGER,
  chunks INTEGER NOT NULL DEFAULT 0,
  most INTEGER,
  per_minute INTEGER,
  owner TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL,
  worked_ms INTEGER NOT NULL DEFAULT 0,
  locked_ms INTEGER NOT NULL DEFAULT 0,
  longest_ms INTEGER NOT NULL DEFAULT 0,
  error TEXT
);
CREATE INDEX unstick_operations_state ON unstick_operations (state, id);
-- The rows that it left as they were, and why: `part` is skipped or failed.
CREATE TABLE unstick_left (
  journal_id INTEGER NOT NULL,
  part TEXT NOT NULL,
  message_id INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (journal_id, part, message_id)
) WITHOUT ROWID;
CREATE TABLE unstick_views (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  query TEXT NOT NULL
);
