"""The official tables, as published."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from actors.store.matches import BatchOf
from actors.store.official import store_tables
from tests.integration.store.conftest import DAY, Store


def _row(position: int, team: str, **values: str) -> dict[str, Any]:
    return {"position": position, "team_id": team, "team": f"Team {team}", "club_id": None, "values": values}


def _table(*rows: dict[str, Any], division: str = "Northeast") -> dict[str, Any]:
    return {"division": division, "age_group": "U15", "rows": list(rows)}


def _put(store: Store, *tables: dict[str, Any], day: int = 1, message_id: UUID | None = None) -> int | None:
    batch = BatchOf(message_id or uuid4(), store.run_id, "mlsnext", "league-26-27", DAY.format(day))
    return store_tables(store.pool, batch, "2026-27", "homegrown", tables)


def _order(store: Store) -> list[str]:
    rows = store.rows('SELECT team_key FROM touchline.official_rows ORDER BY division, "position"')
    return [row["team_key"] for row in rows]


def test_a_table_replaces_the_one_before(store: Store) -> None:
    """A team that left the division is gone from its table."""
    assert _put(store, _table(_row(1, "a"), _row(2, "b"), _row(3, "c"))) == 1
    assert _put(store, _table(_row(1, "b"), _row(2, "a")), day=2) == 1
    assert _order(store) == ["b", "a"]


def test_a_table_that_did_not_change_is_not_written(store: Store) -> None:
    """232 tables a refresh, and hardly one of them new."""
    _put(store, _table(_row(1, "a")), _table(_row(1, "b"), division="Frontier"))
    before = store.rows("SELECT xmin::text, ctid::text FROM touchline.official_rows ORDER BY team_key")
    assert _put(store, _table(_row(1, "a")), _table(_row(1, "b"), division="Frontier"), day=2) == 0
    assert store.rows("SELECT xmin::text, ctid::text FROM touchline.official_rows ORDER BY team_key") == before


def test_an_older_table_and_a_second_delivery_change_nothing(store: Store) -> None:
    """As for matches: the newest observation counts, and the inbox knows the message."""
    message_id = uuid4()
    _put(store, _table(_row(1, "new")), day=3, message_id=message_id)
    assert _put(store, _table(_row(1, "old")), day=2) == 0
    assert _put(store, _table(_row(1, "other")), day=4, message_id=message_id) is None
    assert _order(store) == ["new"]


def test_a_table_without_values_gives_a_division_its_teams(store: Store) -> None:
    """U13 and U14 publish none: every team stands in our table before it has played, in the official order."""
    _put(store, _table(_row(1, "b"), _row(2, "a")))
    rows = store.rows("SELECT team, played, points FROM public.standings ORDER BY position")
    assert [(row["team"], row["played"], row["points"]) for row in rows] == [("Team b", 0, 0), ("Team a", 0, 0)]
