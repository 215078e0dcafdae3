"""What a list of messages can be narrowed to. A new filter is one entry in `FIELDS`: it gives the name in the query
string and in the search box, the form field, the chip, the check of what was typed, what is suggested, the line in the
docs, and the SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from webui.store.model import QUEUED, TYPES
from webui.store.narrowing import Field, Narrowing, compared, one_of, parse_duration, parse_size, plain, whole
from webui.store.schema import PAYLOADS
from webui.store.sentence import N_

NO_PROJECT = "(none)"
"""What finds the messages without a project."""
TEXT = "q"
"""The filter that is typed without its name."""
# Not LIKE: on a text that repeats itself its time is the product of both lengths.
_SEARCHED = ("tool_name", "cwd", "tool_input", "tool_response", "last_user_message", "last_assistant_message")
_FOUND = " OR ".join(f"{{instr}}(lower({name}), lower(:q)) > 0" for name in _SEARCHED)
# Not the column itself: by the index of its order all that have so many would be read for each block.
_ATTEMPTS = "{retry_count} + 0"
_BYTES = "CAST(0 AS BIGINT)" + "".join(f" + coalesce({{octets_of}} {name} {{octets_of_end}}, 0)" for name in PAYLOADS)

FIELDS = (
    Field("status", N_("Status"), N_("one state"), one_of(QUEUED), "status = :status", "failed", choices=QUEUED),
    Field("stuck", N_("Stuck"), N_("processing for longer than, like 5m"), parse_duration,
          "status = 'processing' AND {started_processing_at_epoch} < :stuck", "5m", offers=("5m", "1h"),
          words=N_("longer than {value}"), ago=True),
    Field("age", N_("Age"), N_("created longer ago than, like >2d, or since, like <10m"), compared(parse_duration, ">"),
          ":age <=> created_at_epoch", ">2d", offers=(">1h", ">1d", "<10m"), ago=True),
    Field("attempts", N_("Attempts"), N_("retries used, like 3, >=2 or >0"), compared(whole, "="),
          f"{_ATTEMPTS} <=> :attempts", ">=2", offers=(">0", "3")),
    Field("size", N_("Size"), N_("bytes that it carries, like >100k or <1m"), compared(parse_size, ">"),
          f"{_BYTES} <=> :size", ">100k", offers=(">100k", ">1m"), searches=True),
    Field("session", N_("Session"), N_("a session's number"), whole, "+session_db_id = :session", "7",
          known="session_db_id", words="#{value}"),
    Field("project", N_("Project"), N_("a project's whole name; (none) for messages without one"), plain,
          "coalesce({project}, '') = :project", "alpha", offers=(NO_PROJECT,), known="{project}",
          to_param=lambda name: "" if name == NO_PROJECT else name),
    Field("type", N_("Type"), N_("what the message asks for"), one_of(TYPES), "message_type = :type", "summarize",
          choices=TYPES),
    Field("tool", N_("Tool"), N_("a tool's name, like Bash"), plain, "lower(tool_name) = lower(:tool)", "Bash",
          known="tool_name"),
    Field("id", N_("Id"), N_("a message's number"), whole, "id = :id", "12"),
    Field(TEXT, N_("Text"), N_("text anywhere in the message"), plain, f"({_FOUND})", "some text",
          words=N_("“{value}”"), searches=True),
)  # fmt: skip


class Filters(Narrowing):
    """The active filters of a list of messages."""

    __slots__ = ()
    fields: ClassVar[Mapping[str, Field]] = {field.name: field for field in FIELDS}
