"""The contract's statements, one each. The marks `{…}` and `[…]` are explained in `schema.py`."""

ENQUEUE = """
INSERT INTO pending_messages (session_db_id, {cid}, message_type, tool_name, tool_input, tool_response, cwd,
  last_user_message, last_assistant_message, prompt_number, status, created_at_epoch)
VALUES (:session, :cid, :type, :tool_name, :tool_input, :tool_response, :cwd,
  :last_user_message, :last_assistant_message, :prompt_number, 'pending', :now)
RETURNING id"""
# Who comes second looks again at the row that it waited for, or passes over it (`{skip_locked}`): never the same twice.
_NEXT = """
WITH next AS {materialized} (SELECT id FROM pending_messages {by_claim}
  WHERE session_db_id = :session AND status = 'pending' ORDER BY {in_order} LIMIT 1 {skip_locked})"""
_CLAIM = """
UPDATE pending_messages SET status = 'processing' [, started_processing_at_epoch = :now]
WHERE id = (SELECT id FROM next) {unsynced} RETURNING {message}, NULL {extra}"""
CLAIM = _NEXT + _CLAIM
# Several at once. The number stands in the text: a planner that does not know it might read the whole table.
CLAIM_SEVERAL = CLAIM.replace("LIMIT 1", "LIMIT :batch").replace("id = (SELECT", "id IN (SELECT")
CLAIM_SEVERAL_OF_ANY = (
    CLAIM_SEVERAL.replace("{by_claim}", "").replace("session_db_id = :session AND ", "")
    .replace("{in_order}", "{in_order_of_all}")
)  # fmt: skip
ALL_PENDING = """
SELECT {message}, NULL {extra} FROM pending_messages {by_claim}
WHERE session_db_id = :session AND status = 'pending' ORDER BY {in_order}"""
# One part for each status: an IN over statuses has no partial index, and would read what was processed too.
QUEUE = """
SELECT {message}, {project} {extra} FROM pending_messages WHERE id IN (
  SELECT id FROM pending_messages WHERE status = 'failed'
  UNION ALL SELECT id FROM pending_messages WHERE status = 'processing'
  UNION ALL SELECT id FROM pending_messages WHERE status = 'pending')
ORDER BY CASE status WHEN 'failed' THEN 0 WHEN 'processing' THEN 1 ELSE 2 END, created_at_epoch, id"""
STUCK_COUNT = """
SELECT count(*) FROM pending_messages
WHERE status = 'processing' AND {started_processing_at_epoch} < :cutoff"""
RENEW = """
UPDATE pending_messages SET cwd = cwd [, started_processing_at_epoch = :now] WHERE id = :id """
RETRY = """
UPDATE pending_messages SET status = 'pending' [, started_processing_at_epoch = NULL]
WHERE id = :id AND status IN ('pending', 'processing', 'failed')"""
# The plus keeps the foreign key's index out of it: with that, it would read the session's whole history.
PROCESSING_OF_SESSION = """
SELECT id FROM pending_messages
WHERE status = 'processing' AND +session_db_id = :session AND id > :after ORDER BY id LIMIT :chunk"""
STUCK = """
SELECT id FROM pending_messages
WHERE status = 'processing' AND {started_processing_at_epoch} < :cutoff AND id > :after ORDER BY id LIMIT :chunk"""
RELEASE = """
UPDATE pending_messages SET status = 'pending' [, started_processing_at_epoch = NULL]
WHERE id = :id AND status = 'processing' """
RELEASE_OF_SESSION = RELEASE + "AND session_db_id = :session RETURNING id"
RELEASE_STUCK = RELEASE + "AND {started_processing_at_epoch} < :cutoff RETURNING id"
ABORT = "DELETE FROM pending_messages WHERE id = :id"
RECENT = """
SELECT {message}, {project} {extra} FROM pending_messages
WHERE status = 'processed' AND {completed_at_epoch} > :since
ORDER BY {completed_at_epoch} DESC NULLS LAST, id LIMIT :limit"""
MARK_PROCESSING = """
UPDATE pending_messages SET status = 'processing' [, started_processing_at_epoch = :now]
WHERE id = :id AND status = 'pending'"""
STANDS = """
 AND status = 'processing' [AND started_processing_at_epoch {same} :started] [AND retry_count = :retry_count]"""
STARTED = " RETURNING {started_processing_at_epoch}"
MARK_PROCESSED = """
UPDATE pending_messages
SET status = 'processed' [, completed_at_epoch = :now], tool_input = NULL, tool_response = NULL
WHERE id = :id AND status = 'processing' """
MARK_FAILED = """
UPDATE pending_messages SET
  status = CASE WHEN retry_count < :max_retries THEN 'pending' ELSE 'failed' END
  [, started_processing_at_epoch = CASE WHEN retry_count < :max_retries THEN NULL ELSE started_processing_at_epoch END]
  [, completed_at_epoch = CASE WHEN retry_count < :max_retries THEN completed_at_epoch ELSE :now END]
  , retry_count = CASE WHEN retry_count < :max_retries THEN retry_count + 1 ELSE retry_count END
WHERE id = :id """
# Counted while the message is still held back: whoever releases it meanwhile does not give it one attempt more, and the
# claim that failed stands no more.
NOTE_FAILED = """
UPDATE pending_messages SET retry_count = retry_count + 1 [, started_processing_at_epoch = :now] WHERE id = :id """
NOTED = STARTED + ", retry_count"
KEEP_REASON = """
INSERT INTO unstick_failures (message_id, at, attempt, error)
SELECT id, :now, CASE WHEN status = 'failed' THEN retry_count + 1 ELSE retry_count END, :error
FROM pending_messages WHERE id = :id"""
PENDING_COUNT = """
SELECT (SELECT count(*) FROM pending_messages {by_claim} WHERE session_db_id = :session AND status = 'pending')
  + (SELECT count(*) FROM pending_messages WHERE status = 'processing' AND +session_db_id = :session)"""
ANY_WORK = """
SELECT EXISTS (SELECT 1 FROM pending_messages WHERE status = 'pending')
  OR EXISTS (SELECT 1 FROM pending_messages WHERE status = 'processing')"""
# Each session is looked up once, by the claim index; without it, reading every pending row once is the better way.
SESSIONS = """
WITH RECURSIVE waiting (session) AS (
  SELECT min(session_db_id) FROM pending_messages {by_claim} WHERE status = 'pending'
  UNION ALL
  SELECT (SELECT min(session_db_id) FROM pending_messages {by_claim}
    WHERE status = 'pending' AND session_db_id > session)
  FROM waiting WHERE session IS NOT NULL)
SELECT session FROM waiting WHERE session IS NOT NULL
UNION SELECT +session_db_id FROM pending_messages WHERE status = 'processing'
ORDER BY 1"""
SESSIONS_READ = """
SELECT session_db_id FROM pending_messages WHERE status = 'pending'
UNION SELECT session_db_id FROM pending_messages WHERE status = 'processing'
ORDER BY 1"""
SESSION_INFO = "SELECT session_db_id, {cid} FROM pending_messages WHERE id = :id"
# A NULL completion is the oldest of all.
FIRST_TO_GO = """
SELECT {completed_at_epoch}, id FROM pending_messages WHERE status = 'processed'
ORDER BY {completed_at_epoch} DESC NULLS LAST, id LIMIT 1 OFFSET :keep"""
TO_GO = """
SELECT id FROM pending_messages WHERE status = 'processed'
  AND {completed_at_epoch} <= :completed AND ({completed_at_epoch} < :completed OR id >= :id)
  {by_completion} LIMIT :chunk"""
TO_GO_UNTIMED = """
SELECT id FROM pending_messages WHERE status = 'processed' AND {completed_at_epoch} IS NULL AND id >= :id
LIMIT :chunk"""
DELETE_PROCESSED = "DELETE FROM pending_messages WHERE id = :id AND status = 'processed' RETURNING id"
GET = "SELECT {message}, NULL {extra} FROM pending_messages WHERE id = :id"
WHOLE = GET.replace("NULL", "{project}")
FIND_SESSION = "SELECT id FROM sdk_sessions WHERE {session_cid} = :cid ORDER BY id LIMIT 1"
ADD_SESSION = """
INSERT INTO sdk_sessions ({session_cid}, project, started_at, started_at_epoch) VALUES (:cid, :project, :at, :now)
ON CONFLICT DO NOTHING"""
