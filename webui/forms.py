"""What a form carries: where the operator is, and what was seen there. Every button belongs to the one form of its
page (`form="place"`), so that an answer needs no copy of the filters, and a plain form comes back to the same page.

The token against forged forms is checked for the whole blueprint (`csrf.py`), not here.
"""

from __future__ import annotations

import hashlib
import json
from typing import TypeVar

from flask import request
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional, Regexp

from webui import csrf
from webui.columns import LONGEST_SEEN
from webui.places import ID, PLACES, BadForm, Given, Place
from webui.store.sentence import sentence


class PlaceForm(FlaskForm):  # type: ignore[misc]
    """What every button's form carries; `shown` are the ids of the rows on the page, `key` is for one press."""

    at = StringField(validators=[AnyOf(PLACES)], default="queue")
    shown = StringField(validators=[Optional(), Length(max=4_500), Regexp(rf"(?a)\A{ID}(,{ID})*\Z")])

    key = StringField(validators=[Optional(), Length(max=60)])

    class Meta:
        """Without a token of its own: the blueprint's is checked before a view runs."""

        csrf = False

    def ids(self) -> frozenset[int]:
        """The ids of the rows on the page that the button was pressed on."""
        return frozenset(int(id) for id in self.shown.data.split(",")) if self.shown.data else frozenset()

    def once(self) -> str | None:
        """What the store knows this press by, so that the same one again gets the first one's outcome; None where the
        form (a script's) has no key."""
        if not self.key.data:
            return None
        left_out = {csrf.field(), "shown"}
        fields = sorted((name, value) for name, value in request.form.items(multi=True) if name not in left_out)
        return hashlib.sha256(json.dumps([request.full_path, fields]).encode()).hexdigest()


class ActionForm(PlaceForm):
    """An action on one message: with its state as the page showed it."""

    seen = StringField(validators=[InputRequired(), Length(max=LONGEST_SEEN)])


class ViewForm(PlaceForm):
    """A name for the place where the operator is."""

    name = StringField(validators=[Length(max=400)])


class CutoffForm(PlaceForm):
    """Everything older than an instant (ms) that was frozen when the operator saw how much that is: claims that count
    as stuck, aborts to be purged."""

    cutoff = IntegerField(validators=[InputRequired(), NumberRange(0, 2**53)])


FormT = TypeVar("FormT", bound=PlaceForm)


def checked(form: FormT) -> FormT:
    """The form, if it carries what it must. Raises BadForm."""
    if not form.validate():
        raise BadForm(
            sentence("This form is not complete, so nothing was done: reload the page and press the button again.")
        )
    return form


def place_of(form: PlaceForm, given: Given) -> Place:
    """Where the operator pressed the button. Raises BadFilter."""
    return PLACES[form.at.data or ""].parse(given)
