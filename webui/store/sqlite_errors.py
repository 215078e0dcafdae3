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

_NAMED: tuple[tuple[str, type[StoreError], str], ...] = (
    ("SQLITE_CONSTRAINT_FOREIGNKEY", UnknownSession, "The message's session is not in this database."),
    ("SQLITE_CONSTRAINT_CHECK", Unsupported, "This file's CHECK does not allow that value."),
    ("SQLITE_CONSTRAINT_NOTNULL", InvalidPayload, "A value that this file requires is missing."),
    ("SQLITE_CONSTRAINT_UNIQUE", WrongState, "There is already such a message in the queue."),
    ("SQLITE_CONSTRAINT_PRIMARYKEY", WrongState, "There is already a message with this id in the queue."),
    ("SQLITE_CONSTRAINT", Unsupported, "A rule or trigger of this file does not allow that: nothing was changed."),
    ("SQLITE_BUSY", Busy, "Another program is writing to {} and did not let go: nothing was changed. Try again."),
    ("SQLITE_LOCKED", Busy, "Another connection is using {}: nothing was changed. Try again."),
    (
        "SQLITE_READONLY_DIRECTORY",
        Missing,
        "{} cannot be opened: its folder must be writable, for its write-ahead log.",
    ),
    ("SQLITE_READONLY_CANTINIT", Missing, "{} cannot be opened: its folder must be writable, for its write-ahead log."),
    ("SQLITE_PROTOCOL", Busy, "Another program is opening {}: nothing was changed. Try again."),
    ("SQLITE_MISMATCH", InvalidPayload, "{} does not take a value of this kind there."),
    ("SQLITE_READONLY", ReadOnly, "{} cannot be written to (see its permissions): nothing was changed."),
    ("SQLITE_PERM", ReadOnly, "{} cannot be written to (see its permissions): nothing was changed."),
    ("SQLITE_FULL", DiskFull, "The disk of {} is full: nothing was changed. Make room and try again."),
    ("SQLITE_IOERR_WRITE", DiskFull, "{} cannot grow: nothing was changed. Make room on its disk and try again."),
    ("SQLITE_IOERR_SHMSIZE", DiskFull, "There is no room to open {}. Make room on its disk and try again."),
    ("SQLITE_IOERR", Corrupt, "{} cannot be read or written: the disk reported an error."),
    ("SQLITE_CORRUPT", Corrupt, "{} is damaged: run `PRAGMA integrity_check` on it, or restore a copy."),
    ("SQLITE_NOTADB", NotAQueue, "{} is not an SQLite database."),
    ("SQLITE_CANTOPEN", Missing, "{} cannot be opened: see that it and its folder can be read and written."),
    ("SQLITE_TOOBIG", InvalidPayload, "The message is larger than {} can hold."),
)


def named(error: Exception, name: str, location: str) -> Exception:
    """The store's own error for the driver's one called `name`; an unknown one stays as it is."""
    for prefix, kind, sentence in _NAMED:
        if name.startswith(prefix):
            return kind(sentence.format(location))
    if "no such" in str(error) or "has no column" in str(error):
        return SchemaChanged(f"Another program changed the tables of {location}: look again ({error}).")
    if "bind" in str(error):
        return InvalidPayload("A message's text and numbers must be text, whole numbers or nothing.")
    return error
