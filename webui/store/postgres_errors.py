"""The store's named error, with its sentence, for each of PostgreSQL's (by SQLSTATE, or the beginning of one)."""

from __future__ import annotations

import re

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
    ("23503 elsewhere", Unsupported, "Another table of {} refers to this message, so it stays: nothing was changed."),
    ("23503", UnknownSession, "The message's session is not in this database."),
    ("23514", Unsupported, "A CHECK of this database does not allow that value."),
    ("23502", InvalidPayload, "A value that this database requires is missing."),
    ("23505", WrongState, "There is already such a message in the queue."),
    ("P0001", Unsupported, "A trigger of this database does not allow that: nothing was changed."),
    ("55P03", Busy, "Somebody else holds the same rows of {} and did not let go: nothing was changed. Try again."),
    ("57014", Busy, "{} took too long to answer: nothing was changed. Try again."),
    ("40", Busy, "Somebody else changed the same rows of {} at the same time: nothing was changed. Try again."),
    ("25P", Busy, "{} ended our transaction, which took too long: nothing was changed. Try again."),
    ("25006", ReadOnly, "{} takes no changes (a replica, or set to read-only): nothing was changed."),
    ("42501", ReadOnly, "{} does not allow this user to do that: nothing was changed."),
    ("53100", DiskFull, "The disk of {} is full: nothing was changed. Make room and try again."),
    ("53300", Busy, "{} has no connection left for us: nothing was changed. Try again, or allow it more clients."),
    ("53", Busy, "{} has no memory or other means left: nothing was changed. Try again."),
    ("57P03", Busy, "The server of {} is starting or stopping: try again in a moment."),
    ("57P", Missing, _AWAY),
    ("58", Corrupt, "The server of {} cannot read or write its files: see its log."),
    ("3F000", Missing, "{} has no schema for our tables: make it first (`CREATE SCHEMA`), or correct the search_path."),
    ("3D000", Missing, "There is no database {}. Make it first (`createdb`)."),
    ("28P01", Missing, "The server of {} does not let us in: check the password."),
    ("28", Missing, "The server of {} does not let us in: check the user, and what its pg_hba.conf allows."),
    ("26000", Unsupported, "A pooler before {} keeps no prepared statements: add prepare_threshold=none to the URL."),
    ("42P05", Unsupported, "A pooler before {} mixes up prepared statements: add prepare_threshold=none to the URL."),
    ("42P01", SchemaChanged, "Another program changed the tables of {}: look again."),
    ("42703", SchemaChanged, "Another program changed the tables of {}: look again."),
    ("0A000", SchemaChanged, "Another program changed the tables of {}: look again."),
    ("XX001", Corrupt, "{} is damaged: see the server's log, or restore a copy."),
    ("XX002", Corrupt, "{} is damaged: see the server's log, or restore a copy."),
    ("42804", InvalidPayload, "A message's text and numbers must be text, whole numbers or nothing."),
    ("2200H", DiskFull, "{} has given out its last id: nothing was changed."),
    ("22P05", InvalidPayload, "The encoding of {} cannot hold this text."),
    ("22", InvalidPayload, "A message holds text without NUL, whole numbers of 64 bits, or nothing."),
    ("54", InvalidPayload, "The message is larger than {} can hold."),
    ("08", Missing, _AWAY),
)


def named(state: str, location: str) -> StoreError | None:
    """The store's own error for a SQLSTATE, or None for one that is not in the table."""
    for beginning, kind, sentence in _NAMED:
        if state.startswith(beginning):
            return kind(sentence.format(location))
    return None


_SAID = (
    (r"fe_sendauth: no password", "28P01"),
    (r"FATAL: +password authentication", "28P01"),
    (r"FATAL: +(role|no pg_hba.conf entry|pg_hba.conf rejects)", "28"),
    (r'FATAL: +database ".*" does not exist', "3D000"),
    (r"FATAL: +(sorry, too many|too many connections|remaining connection slots)", "53300"),
    (r"FATAL: +the database system is", "57P03"),
)
"""How a server refuses a connection, of which the driver keeps no SQLSTATE. One that speaks another language is
quoted."""


def unreachable(reason: str, location: str) -> StoreError:
    """The store's own error for a connection that could not be made; `reason` is the driver's text."""
    state = next((state for words, state in _SAID if re.search(words, reason)), "")
    known = named(state, location)
    if known:
        return known
    before, refused, said = reason.partition("FATAL:")
    text = " ".join((said or before).split())[:200]
    return Missing(
        f"The server of {location} does not let us in: {text}"
        if refused
        else f"No PostgreSQL server answers for {location}: {text}"
    )
