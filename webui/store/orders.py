"""The orders in which the queue can be read. A new one is one entry in `ORDERS`; one that needs an index names it, and
is offered where `unstick tune` has made it."""

from __future__ import annotations

from dataclasses import dataclass

from webui.store.errors import Unsupported
from webui.store.model import QUEUED
from webui.store.narrowing import BadFilter
from webui.store.schema import Shape
from webui.store.sentence import N_, sentence


@dataclass(frozen=True, slots=True)
class Order:
    """One order within each state: by `key`, where there is one, and then by id. `back` and `on` are the words of the
    links to the pages before and after, `first` says what comes first."""

    name: str
    label: str
    first: str
    back: str
    on: str
    descending: bool = True
    key: str = ""

    def indexes(self, shape: Shape) -> tuple[str, ...]:
        """The names of the indexes that it needs: one for each state."""
        return tuple(index_of(self, status) for status in QUEUED if self.key and status in shape.statuses)

    def lacks(self, shape: Shape) -> str | None:
        """Why this file cannot be read in this order, in a sentence; None where it can."""
        if self.key and self.key not in shape.columns:
            return sentence("This file does not count retries.")
        if any(name not in shape.indexes for name in self.indexes(shape)):
            return sentence("This file has no index for it: there is one after “unstick tune --apply”.")
        return None

    def check(self, shape: Shape) -> None:
        """Raises Unsupported where this file cannot be read in this order."""
        if lack := self.lacks(shape):
            raise Unsupported(
                sentence("The queue cannot be shown by {order}. {reason}", order=sentence(self.label), reason=lack)
            )


ORDERS = (
    Order("newest", N_("Newest"), N_("The newest first"), N_("Newer"), N_("Older")),
    Order("oldest", N_("Oldest"), N_("The oldest first"), N_("Older"), N_("Newer"), descending=False),
    Order("attempts", N_("Attempts"), N_("The most attempted first"), N_("More"), N_("Fewer"), key="retry_count"),
)
NEWEST = ORDERS[0]
BY_NAME = {order.name: order for order in ORDERS}


def index_of(order: Order, status: str) -> str:
    """The name of the index that an order needs for one state."""
    return f"unstick_{order.name}_{status}"


def parse_order(text: str) -> Order:
    """The order of that name; the newest first without one. Raises BadFilter."""
    if text and text not in BY_NAME:
        raise BadFilter(sentence("“{text}” is no order: it is {orders}.", text=text[:40], orders=", ".join(BY_NAME)))
    return BY_NAME.get(text, NEWEST)
