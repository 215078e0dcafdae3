-- Ours, beside the queue: made inside the first action's own transaction, removed by `unstick clean`.
CREATE TABLE unstick_journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  reason TEXT,
  cutoff INTEGER,
  done INTEGER NOT NULL DEFAULT 0,
  undoes INTEGER,
  undone_by INTEGER
);
-- The state of each row before an action, without types so that odd values survive, and its token after it.
CREATE TABLE unstick_journal_rows (
  journal_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  before_status,
  before_started,
  before_retry_count,
  after_seen TEXT,
  PRIMARY KEY (journal_id, message_id)
) WITHOUT ROWID;
CREATE INDEX unstick_journal_message ON unstick_journal_rows (message_id, journal_id);
CREATE TABLE unstick_failures (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  attempt INTEGER,
  error TEXT NOT NULL
);
CREATE INDEX unstick_failures_message ON unstick_failures (message_id, id);
