-- A new queue, in the shape of claude-mem v8.2.6, with indexes of our own.
CREATE TABLE sdk_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  content_session_id TEXT NOT NULL,
  memory_session_id TEXT UNIQUE,
  project TEXT NOT NULL,
  user_prompt TEXT,
  started_at TEXT NOT NULL,
  started_at_epoch INTEGER NOT NULL,
  completed_at TEXT,
  completed_at_epoch INTEGER,
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'completed', 'failed')),
  worker_port INTEGER,
  prompt_counter INTEGER DEFAULT 0
);
CREATE UNIQUE INDEX unstick_session_name ON sdk_sessions (content_session_id);
-- AUTOINCREMENT: an id is never used twice, so a late acknowledgement cannot hit another message.
CREATE TABLE pending_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_db_id INTEGER NOT NULL,
  content_session_id TEXT NOT NULL,
  message_type TEXT NOT NULL CHECK (message_type IN ('observation', 'summarize')),
  tool_name TEXT,
  tool_input TEXT,
  tool_response TEXT,
  cwd TEXT,
  last_user_message TEXT,
  last_assistant_message TEXT,
  prompt_number INTEGER,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'processed', 'failed')),
  retry_count INTEGER NOT NULL DEFAULT 0,
  created_at_epoch INTEGER NOT NULL,
  started_processing_at_epoch INTEGER,
  completed_at_epoch INTEGER,
  FOREIGN KEY (session_db_id) REFERENCES sdk_sessions (id) ON DELETE CASCADE
);
-- One narrow index for each question, each row in few of them. The claim names its index: with the foreign key's
-- index beside it, the planner would take that one and a claim would cost as much as the session is old.
CREATE INDEX unstick_claim ON pending_messages (session_db_id, id) WHERE status = 'pending';
CREATE INDEX unstick_pending ON pending_messages (id) WHERE status = 'pending';
CREATE INDEX unstick_failed ON pending_messages (id) WHERE status = 'failed';
CREATE INDEX unstick_processing ON pending_messages (id, started_processing_at_epoch, session_db_id)
  WHERE status = 'processing';
CREATE INDEX unstick_processed ON pending_messages (completed_at_epoch DESC, id) WHERE status = 'processed';
CREATE INDEX unstick_session ON pending_messages (session_db_id);
