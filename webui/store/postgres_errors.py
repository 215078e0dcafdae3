"""The store's named error, with its sentence, for each of PostgreSQL's (by SQLSTATE, or the beginning of one)."""

from __future__ import annotations

from webui.store.errors import (
    Busy,
    Corrupt,
    DiskFull,
    InvalidPayload,
    Missing,
    ReadOnly,
    SchemaChanged,
    StoreError,
    UnknownSession,
    Unsupported,
    WrongState,
)

_AWAY = "The server of {} went away: look again before you act, for whether the last change was made is not known."

_NAMED: tuple[tuple[str, type[StoreError], str], ...] = (
    ("23503", UnknownSession, "The message's session is not in this database."),
    ("23514", Unsupported, "A CHECK of this database does not allow that value."),
    ("23502", InvalidPayload, "A value that this database requires is missing."),
    ("23505", WrongState, "There is already such a message in the queue."),
    ("55P03", Busy, "Somebody else holds the same rows of {} and did not let go: nothing was changed. Try again."),
    ("57014", Busy, "{} took too long to answer: nothing was changed. Try again."),
    ("40", Busy, "Somebody else changed the same rows of {} at the same time: nothing was changed. Try again."),
    ("25006", ReadOnly, "{} takes no changes (a replica, or set to read-only): nothing was changed."),
    ("42501", ReadOnly, "{} does not allow this user to do that: nothing was changed."),
    ("53100", DiskFull, "The disk of {} is full: nothing was changed. Make room and try again."),
    ("53300", Busy, "{} has no connection left for us: nothing was changed. Try again, or allow it more clients."),
    ("53", Busy, "{} has no memory or other means left: nothing was changed. Try again."),
    ("57P03", Busy, "The server of {} is starting or stopping: try again in a moment."),
    ("57P", Missing, _AWAY),
    ("58", Corrupt, "The server of {} cannot read or write its files: see its log."),
    ("3D000", Missing, "There is no database {}. Make it first (`createdb`)."),
    ("28", Missing, "The server of {} does not let us in: check the user and the password."),
    ("42P01", SchemaChanged, "Another program changed the tables of {}: look again."),
    ("42703", SchemaChanged, "Another program changed the tables of {}: look again."),
    ("0A000", SchemaChanged, "Another program changed the tables of {}: look again."),
    ("XX001", Corrupt, "{} is damaged: see the server's log, or restore a copy."),
    ("XX002", Corrupt, "{} is damaged: see the server's log, or restore a copy."),
    ("42804", InvalidPayload, "A message's text and numbers must be text, whole numbers or nothing."),
    ("22", InvalidPayload, "A message holds text without NUL, whole numbers of 64 bits, or nothing."),
    ("54", InvalidPayload, "The message is larger than {} can hold."),
    ("08", Missing, _AWAY),
)


def named(state: str | None, location: str) -> StoreError | None:
    """The store's own error for a SQLSTATE, or None for one that is not in the table. Without a state the server did
    not answer at all."""
    if state is None:
        return Missing(_AWAY.format(location))
    for beginning, kind, sentence in _NAMED:
        if state.startswith(beginning):
            return kind(sentence.format(location))
    return None


def unreachable(state: str | None, reason: str, location: str) -> StoreError:
    """The store's own error for a connection that could not be made; `reason` is the driver's text."""
    if state is not None:
        return named(state, location) or Missing(f"{location} cannot be opened: {reason}.")
    for words, code in (("does not exist", "3D000"), ("authentication failed", "28"), ("too many", "53300"),
                        ("no pg_hba.conf entry", "28"), ("starting up", "57P03"), ("shutting down", "57P03"),
                        ("remaining connection slots", "53300"), ("no password", "28")):  # fmt: skip
        if words in reason:
            return named(code, location) or Missing(reason)
    return Missing(f"No PostgreSQL server answers for {location} ({' '.join(reason.split())[:200]}).")
