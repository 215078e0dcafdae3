"""What a named error says to a person."""

from __future__ import annotations

from webui.store import StoreError


def says_something(error: BaseException) -> bool:
    text = str(error)
    return isinstance(error, StoreError) and len(text.split()) > 4 and text[-1] in ".!)" and "sqlite3." not in text
