"""What the pages say, in the language of who looks. A language is one file, `translations/<language>.po`, read once;
English is in the code itself, and is what everything else (logs, the command line, the store) speaks.

The language of a request is the host's choice (`WebUI(language=…)`), else the browser's, else English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import g, has_request_context, request
from markupsafe import escape

from webui.options import current
from webui.store.sentence import Figure, Sentence

FOLDER = Path(__file__).resolve().parent / "translations"
ENGLISH = "en"
STORE = "webui/store/"
"""Where the sentences come from that may be kept in a database."""
LONG = 10
"""A sentence with values is known again by so many characters of its own."""

_NAME = re.compile(r"\{\w+\}")
_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are, English first."""
    return ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po"))


def language() -> str:
    """The language of this request; English outside of one. Raises what the host's hook raises, and TypeError when its
    answer is no text."""
    try:
        known: str = g.webui_language  # asked hundreds of times for a page
        return known
    except (AttributeError, RuntimeError):
        return _chosen() if has_request_context() else ENGLISH


def _chosen() -> str:
    g.webui_language = of_browser()  # for the page that says what went wrong with the hook
    if wanted := _of_host():
        g.webui_language = wanted
    return str(g.webui_language)


def of_browser() -> str:
    """The best of our languages for what the browser asks for."""
    wanted = (nearest(name) for name, quality in request.accept_languages if quality)  # the most wanted first
    return next((known for known in wanted if known), ENGLISH)


def _of_host() -> str | None:
    wanted: object = current().language()
    if wanted is not None and not isinstance(wanted, str):
        raise TypeError(f"language() has to return a language like de, or None; it returned {type(wanted).__name__}.")
    return None if wanted is None else nearest(wanted)


def nearest(wanted: str) -> str | None:
    """The language that is meant by a name like `de-AT`; None where we do not have it."""
    return next((known for known in languages() if known == re.split("[-_]", wanted.lower())[0]), None)


def gettext(text: str, /, **values: Any) -> str:
    """A text in the language of this request, with the values for its `{names}`. What is Markup among these stays so,
    and then so is the whole, with all else escaped."""
    return speaker(language())(text, **values)


@cache
def speaker(language: str) -> Callable[..., str]:
    """`gettext` in one language: a page says hundreds of texts, and need not ask in which one each time."""
    translations = _translations(language)

    def said(text: str, /, **values: Any) -> str:
        return _filled(translations.gettext(text), values)

    return said


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """The same of a text that goes by a number, which is its `{number}`."""
    text = _translations(language()).ngettext(one, many, number)
    return _filled(text, {"number": figure(number), **values})


def figure(number: float, digits: int = 0) -> str:
    """A number as this language writes it: `2,400` and `0.3` in English."""
    return f"{number:,.{digits}f}".translate(_symbols(language()))


def month(number: int) -> str:
    """The short name of a month (1 is January)."""
    return str(Locale.parse(language()).months["stand-alone"]["abbreviated"][number])


def translated(said: object, to: str | None = None) -> str:
    """A sentence of ours, or that of an error, in the language of this request (or that one); other texts as they
    are."""
    if isinstance(said, BaseException):
        said = said.args[0] if said.args else str(said)
    if not isinstance(said, Sentence):
        return str(said)
    known = _translations(to or language())
    if said.plural is None:
        text = known.gettext(said.template)
    else:
        text = known.ngettext(said.template, said.plural, said.number)
    return text.format(**{name: _value(value, to) for name, value in said.values.items()})


def stored(text: str) -> str:
    """A sentence of the store that was kept in a database, in English, in the language of this request; as it is where
    it is none that this release knows."""
    to = language()
    if to == ENGLISH:
        return text
    for pattern, template in _patterns(to):
        if match := pattern.fullmatch(text):
            parts = {name: stored(part) for name, part in match.groupdict().items()}
            return _translations(to).gettext(template).format(**parts)
    return text


def _value(value: object, to: str | None) -> object:
    if isinstance(value, Figure):
        return f"{int(value):,}".translate(_symbols(to or language()))
    return translated(value, to) if isinstance(value, Sentence) else value


def _filled(text: str, values: Mapping[str, Any]) -> str:
    if not values:
        return text
    has_markup = any(hasattr(value, "__html__") for value in values.values())
    return (escape(text) if has_markup else text).format(**values)


@cache
def _catalog(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def _translations(language: str) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, _catalog(language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def _symbols(language: str) -> dict[int, str]:
    symbols = Locale.parse(language).number_symbols["latn"]
    return str.maketrans({",": symbols["group"], ".": symbols["decimal"]})


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What the store says, each as a pattern for what was kept; the one with most words of its own first."""
    templates = [
        message.id
        for message in _catalog(language)
        if isinstance(message.id, str)
        and any(path.startswith(STORE) for path, _ in message.locations)
        and ("{" not in message.id or len(_NAME.sub("", message.id)) >= LONG)
    ]
    templates.sort(key=lambda template: -len(_NAME.sub("", template)))
    return tuple((_pattern(template), template) for template in templates)


def _pattern(template: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[0].strip("\\{}")
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>.*)"

    return re.compile(_PLACEHOLDER.sub(group, re.escape(template)), re.DOTALL)
