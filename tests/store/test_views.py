from __future__ import annotations

import pytest

from tests.store.backends import Raw
from tests.store.conftest import MakeStore
from webui.store import NotFound, PendingMessageStore, ReadOnly, views
from webui.store.views import LONGEST, MOST, BadName

FAILED = {"status": "failed", "q": 'é "x"'}


def test_a_view_is_kept_by_its_name_until_it_is_removed(store: PendingMessageStore) -> None:
    assert views.save(store, "  Failed   ones ", FAILED) == "Failed ones"
    views.save(store, "all", {})
    assert [(view.name, view.query) for view in views.saved(store)] == [("all", {}), ("Failed ones", FAILED)]
    assert [views.remove(store, view.id) for view in views.saved(store)] == ["all", "Failed ones"]
    assert views.saved(store) == []


def test_a_look_makes_no_table_and_the_first_view_does(store: PendingMessageStore, raw: Raw) -> None:
    assert views.saved(store) == []
    with pytest.raises(NotFound):
        views.remove(store, 1)
    assert raw.side_tables() == []
    views.save(store, "mine", FAILED)
    assert "unstick_views" in raw.side_tables()


def test_a_name_is_given_once(store: PendingMessageStore) -> None:
    views.save(store, "mine", FAILED)
    with pytest.raises(BadName, match="“mine” already"):
        views.save(store, "mine ", {})
    assert [view.query for view in views.saved(store)] == [FAILED]


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST + 1)])
def test_a_name_that_cannot_be_shown_is_refused(store: PendingMessageStore, raw: Raw, name: str) -> None:
    with pytest.raises(BadName, match="1 to 60 characters"):
        views.save(store, name, FAILED)
    assert raw.side_tables() == []


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "'; DROP TABLE x; --", "שלום"])
def test_any_other_name_is_kept(store: PendingMessageStore, name: str) -> None:
    assert [views.save(store, name, {})] == [view.name for view in views.saved(store)]


def test_there_are_not_more_than_can_be_shown(store: PendingMessageStore) -> None:
    for number in range(MOST):
        views.save(store, str(number), {})
    with pytest.raises(BadName, match="remove one first"):
        views.save(store, "one more", {})
    assert len(views.saved(store)) == MOST


def test_one_that_is_not_ours_does_no_harm(store: PendingMessageStore, raw: Raw) -> None:
    views.save(store, "mine", FAILED)
    for text in ("not json", "[1]", "5"):
        raw.run("UPDATE unstick_views SET query = :text", text=text)
        assert [view.query for view in views.saved(store)] == [{}]


def test_for_looking_only_nothing_is_saved(store: PendingMessageStore, make_store: MakeStore) -> None:
    views.save(store, "mine", FAILED)
    looking = make_store(create=False, read_only=True)
    with pytest.raises(ReadOnly):
        views.save(looking, "another", {})
    assert len(views.saved(looking)) == 1
