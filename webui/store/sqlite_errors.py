"""The store's named error, with its sentence, for each of SQLite's."""

from __future__ import annotations

from webui.store.errors import (
    Busy,
    Corrupt,
    DiskFull,
    InvalidPayload,
    Missing,
    NotAQueue,
    ReadOnly,
    SchemaChanged,
    StoreError,
    UnknownSession,
    Unsupported,
    WrongState,
)
from webui.store.sentence import N_, UNCHANGED, sentence

_NAMED: tuple[tuple[str, type[StoreError], str], ...] = (
    ("SQLITE_CONSTRAINT_FOREIGNKEY", UnknownSession, N_("The message's session is not in this database.")),
    ("SQLITE_CONSTRAINT_CHECK", Unsupported, N_("This file's CHECK does not allow that value.")),
    ("SQLITE_CONSTRAINT_NOTNULL", InvalidPayload, N_("A value that this file requires is missing.")),
    ("SQLITE_CONSTRAINT_UNIQUE", WrongState, N_("There is already such a message in the queue.")),
    ("SQLITE_CONSTRAINT_PRIMARYKEY", WrongState, N_("There is already a message with this id in the queue.")),
    ("SQLITE_CONSTRAINT", Unsupported, N_("A rule or trigger of this file does not allow that{unchanged}.")),
    ("SQLITE_BUSY", Busy, N_("Another program is writing to {place} and did not let go{unchanged}. Try again.")),
    ("SQLITE_LOCKED", Busy, N_("Another connection is using {place}{unchanged}. Try again.")),
    (
        "SQLITE_READONLY_DIRECTORY",
        Missing,
        N_("{place} cannot be opened: its folder must be writable, for its write-ahead log."),
    ),
    (
        "SQLITE_READONLY_CANTINIT",
        Missing,
        N_("{place} cannot be opened: its folder must be writable, for its write-ahead log."),
    ),
    ("SQLITE_PROTOCOL", Busy, N_("Another program is opening {place}{unchanged}. Try again.")),
    ("SQLITE_MISMATCH", InvalidPayload, N_("{place} does not take a value of this kind there.")),
    ("SQLITE_READONLY", ReadOnly, N_("{place} cannot be written to (see its permissions){unchanged}.")),
    ("SQLITE_PERM", ReadOnly, N_("{place} cannot be written to (see its permissions){unchanged}.")),
    ("SQLITE_FULL", DiskFull, N_("The disk of {place} is full{unchanged}. Make room and try again.")),
    ("SQLITE_IOERR_WRITE", DiskFull, N_("{place} cannot grow{unchanged}. Make room on its disk and try again.")),
    ("SQLITE_IOERR_SHMSIZE", DiskFull, N_("There is no room to open {place}. Make room on its disk and try again.")),
    ("SQLITE_IOERR", Corrupt, N_("{place} cannot be read or written: the disk reported an error.")),
    ("SQLITE_CORRUPT", Corrupt, N_("{place} is damaged: run `PRAGMA integrity_check` on it, or restore a copy.")),
    ("SQLITE_NOTADB", NotAQueue, N_("{place} is not an SQLite database.")),
    ("SQLITE_CANTOPEN", Missing, N_("{place} cannot be opened: see that it and its folder can be read and written.")),
    ("SQLITE_TOOBIG", InvalidPayload, N_("The message is larger than {place} can hold.")),
)


def named(error: Exception, name: str, location: str) -> Exception:
    """The store's own error for the driver's one called `name`; an unknown one stays as it is."""
    for prefix, kind, template in _NAMED:
        if name.startswith(prefix):
            return kind(sentence(template, place=location, unchanged=UNCHANGED))
    if "no such" in str(error) or "has no column" in str(error):
        return SchemaChanged(
            sentence(
                "Another program changed the tables of {place}: look again ({reason}).",
                place=location,
                reason=str(error),
            )
        )
    if "bind" in str(error):
        return InvalidPayload(sentence("A message's text and numbers must be text, whole numbers or nothing."))
    return error
