"""A row that is listed as it was stored is not compared; whatever else was written to its match, it is."""

from __future__ import annotations

from typing import Any

import pytest

from actors.models import MatchRow
from actors.store.database import transaction
from actors.store.fingerprints import fingerprint
from tests.integration.store.conftest import Store, a_match


def _stored(store: Store, match_id: str = "1") -> dict[str, Any]:
    (row,) = store.rows(
        "SELECT fingerprint::text, xmin::text, location FROM touchline.matches WHERE match_id = %(m)s", m=match_id
    )
    return row


def _do(store: Store, statement: str) -> None:
    with transaction(store.pool) as connection:
        connection.execute(statement.encode())


def test_a_match_has_the_fingerprint_of_the_row_that_it_was_written_from(store: Store) -> None:
    for day, location in enumerate(("Field 1", "Field 2", "Field 1"), start=1):
        row = a_match("1", location=location)
        store.put([row], day=day)
        assert _stored(store)["fingerprint"].replace("-", "") == fingerprint(row)


@pytest.mark.parametrize("name", sorted(MatchRow.model_fields))
def test_each_field_counts(name: str) -> None:
    row = a_match("1")
    assert (
        fingerprint({**row, name: "another"}) != fingerprint({**row, name: None}) != fingerprint({**row, name: "one"})
    )


def test_a_club_counts_and_the_order_of_fields_does_not() -> None:
    club = {"id": "7", "name": "Ashgrove"}
    row = a_match("1", home_club=club)
    assert fingerprint(row) == fingerprint(dict(reversed(row.items())))
    assert fingerprint(row) != fingerprint({**row, "home_club": {**club, "name": "Ashgrove FC"}})


def test_a_field_that_the_contract_gains_changes_no_fingerprint_by_itself() -> None:
    assert fingerprint({**a_match("1"), "attendance": None}) == fingerprint(a_match("1"))


def test_a_rename_is_written_once_and_is_no_change_of_the_match(store: Store) -> None:
    renamed = a_match("1", home_team="Ashgrove FC")
    store.put([a_match("1")])
    counts = store.put([renamed], day=2)
    assert counts is not None
    assert (counts.unchanged, counts.updated) == (1, 0)
    assert store.match("1")["home_team"] == "Ashgrove FC"
    assert store.changes() == []
    after = _stored(store)
    store.put([renamed], day=3)
    assert _stored(store) == after


def test_a_row_in_other_words_leaves_the_values_as_of_when_they_were_observed(store: Store) -> None:
    """It was seen all the same: a message from in between is stale."""
    store.put([a_match("1")])
    store.put([a_match("1", date=None, kickoff=None)], day=3)
    assert str(store.match("1")["observed_at"]).startswith("2026-10-01")
    counts = store.put([a_match("1", location="Field 2")], day=2)
    assert counts is not None
    assert counts.stale == 1


def test_a_name_that_comes_back_is_taken_over_again(store: Store) -> None:
    for day, name in enumerate(("Ashgrove", "Ashgrove FC", "Ashgrove"), start=1):
        store.put([a_match("1", home_team=name)], day=day)
    assert store.match("1")["home_team"] == "Ashgrove"


@pytest.mark.parametrize(
    "write",
    [
        "UPDATE touchline.matches SET location = 'Field 9'",
        "UPDATE touchline.matches SET location = 'Field 9', observed_at = '2026-10-02T12:00:00Z'",
    ],
    ids=["a person", "a worker that knows no fingerprints"],
)
def test_a_match_that_somebody_else_wrote_is_compared_again(store: Store, write: str) -> None:
    store.put([a_match("1")])
    _do(store, write)
    assert _stored(store)["fingerprint"] is None
    counts = store.put([a_match("1")], day=3)
    assert counts is not None
    assert counts.updated == 1
    assert _stored(store)["location"] == "Field 1"


def test_what_was_stored_before_there_were_fingerprints_gets_its_own_once(store: Store) -> None:
    store.put([a_match("1")])
    _do(store, "UPDATE touchline.matches SET fingerprint = NULL")
    counts = store.put([a_match("1")], day=2)
    assert counts is not None
    assert (counts.unchanged, counts.updated) == (1, 0)
    after = _stored(store)
    assert after["fingerprint"] is not None
    store.put([a_match("1")], day=3)
    assert _stored(store) == after
    assert store.changes() == []


def test_a_late_message_leaves_no_fingerprint_since_it_takes_over_no_names(store: Store) -> None:
    store.put([a_match("1", home_team="Ashgrove FC")], day=5)
    store.put([a_match("2", home_team="Ashgrove")], day=2)
    assert _stored(store, "2")["fingerprint"] is None
    store.put([a_match("2", home_team="Ashgrove")], day=6)
    assert store.match("2")["home_team"] == "Ashgrove"


def test_a_match_that_moves_to_another_part_is_written_once(store: Store) -> None:
    store.put([a_match("1")])
    store.put([a_match("1")], day=2, part="other")
    after = _stored(store)
    store.put([a_match("1")], day=3, part="other")
    assert _stored(store) == after


def test_one_that_was_withdrawn_comes_back_though_it_is_listed_as_before(store: Store) -> None:
    store.put([a_match("1")])
    _do(store, "UPDATE touchline.matches SET withdrawn_at = '2026-10-02T12:00:00Z'")
    counts = store.put([a_match("1")], day=3)
    assert counts is not None
    assert counts.updated == 1
    assert store.rows("SELECT withdrawn_at FROM touchline.matches") == [{"withdrawn_at": None}]


def test_another_part_that_saw_it_later_makes_it_stale_though_it_is_listed_as_stored(store: Store) -> None:
    store.put([a_match("1")], day=4, part="other")
    counts = store.put([a_match("1")], day=3)
    assert counts is not None
    assert counts.stale == 1
