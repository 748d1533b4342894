"""One batch in one transaction: what each row becomes, and what is kept of it."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

from actors.store.counts import Counts
from actors.store.dead import DeadRow
from tests.integration.store.conftest import Store, a_match


def test_new_matches_are_inserted_without_history(store: Store) -> None:
    """The first sight of a match is no change."""
    assert store.put([a_match("1"), a_match("2")]) == Counts(inserted=2)
    assert store.changes() == []
    assert store.match("1")["kickoff"] == dt.datetime(2026, 10, 10, 14, tzinfo=dt.UTC)


def test_the_same_message_twice_changes_nothing(store: Store) -> None:
    """A second delivery of a message is found in the inbox: no row, no history, no count."""
    message_id = uuid4()
    store.put([a_match("1")], message_id=message_id)
    assert store.put([a_match("1", status="cancelled")], message_id=message_id, day=2) is None
    assert store.match("1")["status"] == "scheduled"
    (run,) = store.rows("SELECT inserted, updated FROM runs")
    assert run == {"inserted": 1, "updated": 0}


def test_each_changed_field_is_one_row_of_history(store: Store) -> None:
    """0-0 is a result, and history says what, from and to."""
    store.put([a_match("1")])
    played = a_match("1", status="completed", home_score=0, away_score=0)
    assert store.put([played], day=2) == Counts(updated=1)
    assert store.changes() == [
        ("1", "away_score", None, "0"),
        ("1", "home_score", None, "0"),
        ("1", "status", "scheduled", "completed"),
    ]


def test_moved_kickoff_is_told_in_utc(store: Store) -> None:
    """History shows times in UTC, whatever the server's zone."""
    store.put([a_match("1")])
    store.put([a_match("1", date="2026-10-11", kickoff="2026-10-11T18:30:00Z")], day=2)
    assert store.changes() == [
        ("1", "date", "2026-10-10", "2026-10-11"),
        ("1", "kickoff", "2026-10-10T14:00:00Z", "2026-10-11T18:30:00Z"),
    ]


def test_an_older_observation_is_stale(store: Store) -> None:
    """A late "scheduled" message does not overwrite a completed match."""
    store.put([a_match("1", status="completed", home_score=2, away_score=1)], day=3)
    assert store.put([a_match("1")], day=2) == Counts(stale=1)
    assert store.match("1")["status"] == "completed"
    assert store.changes() == []


def test_a_newer_observation_counts_even_if_it_changed_nothing(store: Store) -> None:
    """Seen at 1, seen unchanged at 3: the late message of 2 leaves what 3 said."""
    store.put([a_match("1"), a_match("2")], day=1)
    assert store.put([a_match("1")], day=3) == Counts(unchanged=1)
    late = [a_match("1", status="cancelled"), a_match("2", status="cancelled")]
    assert store.put(late, day=2) == Counts(stale=1, updated=1)
    assert store.match("1")["status"] == "scheduled"
    assert store.match("2")["status"] == "cancelled", "3 said nothing of this one"


def test_unchanged_matches_are_not_written(store: Store) -> None:
    """A refresh that finds nothing new leaves the rows as they are, to the transaction that wrote them."""
    store.put([a_match(str(n)) for n in range(50)])
    before = store.rows("SELECT match_id, xmin::text, ctid::text FROM touchline.matches ORDER BY match_id")
    assert store.put([a_match(str(n)) for n in range(50)], day=2) == Counts(unchanged=50)
    assert store.rows("SELECT match_id, xmin::text, ctid::text FROM touchline.matches ORDER BY match_id") == before


def test_a_late_message_still_brings_matches_nobody_knew(store: Store) -> None:
    """Late is not lost: a match that only the older observation listed is stored."""
    store.put([a_match("1")], day=3)
    assert store.put([a_match("2")], day=2) == Counts(inserted=1)


def test_a_postponed_match_keeps_the_date_it_was_due_on(store: Store) -> None:
    """SOURCES 1.5: the placeholder never becomes the date, and the next real date is a reschedule."""
    store.put([a_match("1")])
    store.put([a_match("1", status="postponed", date=None, kickoff=None)], day=2)
    match = store.match("1")
    assert (match["status"], match["date"]) == ("postponed", dt.date(2026, 10, 10))
    assert store.changes() == [("1", "status", "scheduled", "postponed")]
    store.put([a_match("1", date="2026-11-07", kickoff="2026-11-07T15:00:00Z")], day=3)
    assert store.match("1")["date"] == dt.date(2026, 11, 7)


def test_a_match_first_seen_postponed_has_no_date_until_there_is_one(store: Store) -> None:
    """Its old date is unknown, and nothing is made up."""
    store.put([a_match("1", status="postponed", date=None, kickoff=None)])
    assert store.match("1")["date"] is None


def test_a_row_twice_in_one_batch_is_stored_once(store: Store) -> None:
    """The last word counts; the one before it is old by then."""
    batch = [a_match("1"), a_match("1", location="Field 2")]
    assert store.put(batch) == Counts(inserted=1, stale=1)
    assert store.match("1")["location"] == "Field 2"


def test_bad_rows_are_dead_and_the_rest_is_stored(store: Store) -> None:
    """A NUL byte in a bad row does not keep its letter from being written."""
    bad = DeadRow("9", "nul_in_string", "home_team holds U+0000", {"match_id": "9", "home_team": "A\0\ud800B"})
    assert store.put([a_match("1")], bad=[bad]) == Counts(inserted=1, dead=1)
    (letter,) = store.rows("SELECT kind, reason, payload, state FROM dead_letters")
    assert letter == {
        "kind": "match",
        "reason": "nul_in_string",
        "payload": {"match_id": "9", "home_team": "A\\u0000\\ud800B"},
        "state": "open",
    }


def test_a_row_that_the_database_refuses_is_dead_alone(store: Store) -> None:
    """What validation let through by mistake does not take its neighbours with it."""
    rows = [a_match(str(n)) for n in range(7)] + [a_match("bad", date="2026-02-30")] + [a_match("last")]
    assert store.put(rows) == Counts(inserted=8, dead=1)
    (letter,) = store.rows("SELECT reason, error FROM dead_letters")
    assert letter["reason"] == "refused_by_database"
    assert "2026-02-30" in letter["error"]


def test_a_rename_changes_a_label_and_no_match(store: Store) -> None:
    """SOURCES 1.10: identity is the squad's id. No history, and a late message does not bring the old name back."""
    store.put([a_match("1", home_team="San Marco Glens")], day=2)
    assert store.put([a_match("1", home_team="San Marco Glens SC")], day=3) == Counts(unchanged=1)
    store.put([a_match("1", home_team="San Marco Glens")], day=1)
    assert store.match("1")["home_team"] == "San Marco Glens SC"
    assert store.changes() == []


def test_teams_without_an_id_are_told_apart_by_league_and_age_group(store: Store) -> None:
    """The made key holds league, age group and normalised name, so accents and case do not split a team."""
    store.put([a_match("1", home_team_id=None, home_team="São João F.C."), a_match("2", age_group="U15")])
    store.put([a_match("3", home_team_id=None, home_team="SAO JOAO FC")])
    assert store.match("1")["home_team_id"] == store.match("3")["home_team_id"] == "name:homegrown/U14/sao joao fc"


def test_counts_of_all_batches_add_up_in_the_run(store: Store) -> None:
    """Each row of each batch is exactly one of the five."""
    store.put([a_match("1"), a_match("2")])
    store.put([a_match("1"), a_match("2", status="cancelled")], day=2, bad=[DeadRow(None, "x", "y", {})])
    store.put([a_match("1", status="cancelled")], day=1)
    (run,) = store.rows("SELECT inserted, updated, unchanged, stale, dead FROM runs")
    assert run == {"inserted": 2, "updated": 1, "unchanged": 1, "stale": 1, "dead": 1}


def test_a_match_is_found_by_its_key_also_where_the_planner_knows_nothing_of_its_source(store: Store) -> None:
    """It expects no row of such a source, and takes any index by source for as good as the key: so there is none."""
    leading = store.rows(
        """
        SELECT c.relname FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = 'touchline.matches'::regclass AND a.attname = 'source'
        """
    )
    assert [row["relname"] for row in leading] == ["matches_pkey"]
