"""Sentences that can be said in another language. The store says all in English, for logs and programs; who shows a
sentence to an operator looks up its template, and puts the values into that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Figure(int):
    """A number of things, which every language writes in its own way: `2,400` in English. (An id is none.)"""

    def __str__(self) -> str:
        return f"{int(self):,}"

    def __format__(self, spec: str) -> str:
        return str(self)


class Sentence(str):
    """A finished English sentence, and what it was made of: its `template` and the `values` by name. Where it depends
    on a `number`, `plural` is the template for all numbers but one."""

    __slots__ = ("number", "plural", "template", "values")

    template: str
    values: Mapping[str, Any]
    plural: str | None
    number: int

    def __new__(cls, template: str, values: Mapping[str, Any], plural: str | None = None, number: int = 1) -> Sentence:
        """The sentence in English."""
        made = super().__new__(cls, (template if plural is None or number == 1 else plural).format(**values))
        made.template, made.values, made.plural, made.number = template, values, plural, number
        return made

    def but(self, **values: Any) -> Sentence:
        """The same with some other values."""
        return Sentence(self.template, {**self.values, **values}, self.plural, self.number)

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self.template, self.values, self.plural, self.number)


def sentence(template: str, /, **values: Any) -> Sentence:
    """A sentence from a template like `Message {id} is not in the queue.`"""
    return Sentence(template, values)


def counted(one: str, many: str, number: int, /, **values: Any) -> Sentence:
    """A sentence with a `{number}` in it that its words go by."""
    return Sentence(one, {"number": Figure(number), **values}, many, number)


def N_(text: str) -> str:  # noqa: N802
    """Marks a text in a table, which is translated where it is shown."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802
    """The same of a text that goes by a number."""
    return one, many


UNCHANGED = sentence(": nothing was changed")
"""The end of what many errors say, as their value `unchanged`; where a part was done before, that is left out."""
