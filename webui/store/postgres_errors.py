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
from webui.store.sentence import N_, UNCHANGED, sentence

_AWAY = N_(
    "The server of {place} went away: look again before you act, for whether the last change was made is not known."
)

_NAMED: tuple[tuple[str, type[StoreError], str], ...] = (
    ("23503 elsewhere", Unsupported, N_("Another table of {place} refers to this message, so it stays{unchanged}.")),
    ("23503", UnknownSession, N_("The message's session is not in this database.")),
    ("23514", Unsupported, N_("A CHECK of this database does not allow that value.")),
    ("23502", InvalidPayload, N_("A value that this database requires is missing.")),
    ("23505", WrongState, N_("There is already such a message in the queue.")),
    ("P0001", Unsupported, N_("A trigger of this database does not allow that{unchanged}.")),
    ("55P03", Busy, N_("Somebody else holds the same rows of {place} and did not let go{unchanged}. Try again.")),
    ("57014", Busy, N_("{place} took too long to answer{unchanged}. Try again.")),
    ("40", Busy, N_("Somebody else changed the same rows of {place} at the same time{unchanged}. Try again.")),
    ("25P", Busy, N_("{place} ended our transaction, which took too long{unchanged}. Try again.")),
    ("25006", ReadOnly, N_("{place} takes no changes (a replica, or set to read-only){unchanged}.")),
    ("42501", ReadOnly, N_("{place} does not allow this user to do that{unchanged}.")),
    ("53100", DiskFull, N_("The disk of {place} is full{unchanged}. Make room and try again.")),
    ("53300", Busy, N_("{place} has no connection left for us{unchanged}. Try again, or allow it more clients.")),
    ("53", Busy, N_("{place} has no memory or other means left{unchanged}. Try again.")),
    ("57P03", Busy, N_("The server of {place} is starting or stopping: try again in a moment.")),
    ("57P", Missing, _AWAY),
    ("58", Corrupt, N_("The server of {place} cannot read or write its files: see its log.")),
    (
        "3F000",
        Missing,
        N_("{place} has no schema for our tables: make it first (`CREATE SCHEMA`), or correct the search_path."),
    ),
    ("3D000", Missing, N_("There is no database {place}. Make it first (`createdb`).")),
    ("28P01", Missing, N_("The server of {place} does not let us in: check the password.")),
    ("28", Missing, N_("The server of {place} does not let us in: check the user, and what its pg_hba.conf allows.")),
    (
        "26000",
        Unsupported,
        N_("A pooler before {place} keeps no prepared statements: add prepare_threshold=none to the URL."),
    ),
    (
        "42P05",
        Unsupported,
        N_("A pooler before {place} mixes up prepared statements: add prepare_threshold=none to the URL."),
    ),
    ("42P01", SchemaChanged, N_("Another program changed the tables of {place}: look again.")),
    ("42703", SchemaChanged, N_("Another program changed the tables of {place}: look again.")),
    ("0A000", SchemaChanged, N_("Another program changed the tables of {place}: look again.")),
    ("XX001", Corrupt, N_("{place} is damaged: see the server's log, or restore a copy.")),
    ("XX002", Corrupt, N_("{place} is damaged: see the server's log, or restore a copy.")),
    ("42804", InvalidPayload, N_("A message's text and numbers must be text, whole numbers or nothing.")),
    ("2200H", DiskFull, N_("{place} has given out its last id{unchanged}.")),
    ("22P05", InvalidPayload, N_("The encoding of {place} cannot hold this text.")),
    ("22", InvalidPayload, N_("A message holds text without NUL, whole numbers of 64 bits, or nothing.")),
    ("54", InvalidPayload, N_("The message is larger than {place} can hold.")),
    ("08", Missing, _AWAY),
)


def named(state: str, location: str) -> StoreError | None:
    """The store's own error for a SQLSTATE, or None for one that is not in the table."""
    for beginning, kind, template in _NAMED:
        if state.startswith(beginning):
            return kind(sentence(template, place=location, unchanged=UNCHANGED))
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
        sentence("The server of {place} does not let us in: {reason}", place=location, reason=text)
        if refused
        else sentence("No PostgreSQL server answers for {place}: {reason}", place=location, reason=text)
    )
