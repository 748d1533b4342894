"""A person overrules a field of a match, and it lasts for as long as the site says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from actors.errors import NoSuchMatch, NotCorrectable
from actors.store.corrections import Corrected, correct, source_of, take_back
from actors.store.database import transaction
from tests.integration.store.conftest import Store, a_match

WHY = "the referee's report"


def played(home: int, away: int, **fields: Any) -> dict[str, Any]:
    return a_match("1", status="completed", home_score=home, away_score=away, **fields)


def say(store: Store, **values: Any) -> Corrected:
    return correct(store.pool, "mlsnext", "1", values, why=WHY, by="ann")


def unsay(store: Store, *fields: str) -> Corrected:
    return take_back(store.pool, "mlsnext", "1", fields, why="was wrong", by="bob")


def corrections(store: Store) -> list[tuple[str, str | None, str | None, str]]:
    rows = store.rows("SELECT * FROM touchline.match_corrections ORDER BY correction_id")
    return [(row["field"], row["value"], row["site_value"], row["state"]) for row in rows]


def news(store: Store) -> list[str]:
    return [row["kind"] for row in store.rows("SELECT kind FROM touchline.news ORDER BY created_at, kind")]


def shown(store: Store, *columns: str) -> tuple[Any, ...]:
    match = store.match("1")
    return tuple(match[column] for column in columns or ("home_score", "away_score", "corrected"))


def test_what_a_person_says_is_shown_and_the_next_scrape_does_not_undo_it(store: Store) -> None:
    """Listed as before, and listed in other words, the match keeps the corrected value."""
    store.put([played(1, 3)])
    done = say(store, home_score=2)
    assert done.overruled == ("home_score",) and [(c.field, c.before, c.now, c.site) for c in done.changes] == [
        ("home_score", 1, 2, 1)
    ]
    assert shown(store) == (2, 3, ["home_score"])
    again = store.put([played(1, 3)], day=2)
    assert again and (again.unchanged, again.updated) == (1, 0)
    moved = store.put([played(1, 3, location="Field 2")], day=3)
    assert moved and moved.updated == 1
    assert shown(store, "home_score", "location", "corrected") == (2, "Field 2", ["home_score"])
    assert store.changes() == [
        ("1", "corrected", None, "home_score"),
        ("1", "home_score", "1", "2"),
        ("1", "location", "Field 1", "Field 2"),
    ]
    assert corrections(store) == [("home_score", "2", "1", "standing")]
    assert news(store) == []
