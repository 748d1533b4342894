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
    assert done.overruled == ("home_score",)
    assert [(c.field, c.before, c.now, c.site) for c in done.changes] == [("home_score", 1, 2, 1)]
    assert shown(store) == (2, 3, ["home_score"])
    again = store.put([played(1, 3)], day=2)
    assert again
    assert (again.unchanged, again.updated) == (1, 0)
    moved = store.put([played(1, 3, location="Field 2")], day=3)
    assert moved
    assert moved.updated == 1
    assert shown(store, "home_score", "location", "corrected") == (2, "Field 2", ["home_score"])
    assert store.changes() == [
        ("1", "corrected", None, "home_score"),
        ("1", "home_score", "1", "2"),
        ("1", "location", "Field 1", "Field 2"),
    ]
    assert corrections(store) == [("home_score", "2", "1", "standing")]
    assert news(store) == []


def test_taken_back_the_site_value_is_shown_again(store: Store) -> None:
    """Also where the site has said something else meanwhile: what it says now."""
    store.put([played(1, 3)])
    say(store, home_score=2, notes="a brawl")
    store.put([played(0, 3)], day=2)
    assert shown(store) == (2, 3, ["home_score", "notes"])
    unsay(store, "home_score")
    assert shown(store) == (0, 3, ["notes"])
    unsay(store)
    assert shown(store) == (0, 3, None)
    assert corrections(store) == [
        ("home_score", "2", "0", "taken_back"),
        ("notes", "a brawl", None, "taken_back"),
    ]
    (ended,) = store.rows("SELECT * FROM touchline.match_corrections WHERE field = 'notes'")
    assert (ended["why"], ended["by_whom"], ended["ended_why"], ended["ended_by"]) == (WHY, "ann", "was wrong", "bob")
    after = store.put([played(0, 3)], day=3)
    assert after
    assert after.unchanged == 1
    runs = store.rows("SELECT field, run_id FROM match_changes WHERE run_id IS NOT NULL")
    assert runs == [], "nothing that is shown was changed by a run"


def test_it_ends_when_the_site_comes_round(store: Store) -> None:
    """The history says by which run, and a piece of news tells of it; the site is followed again."""
    store.put([played(1, 3)])
    say(store, home_score=2)
    counts = store.put([played(2, 3)], day=2)
    assert counts
    assert counts.updated == 1
    assert shown(store) == (2, 3, None)
    assert corrections(store) == [("home_score", "2", "2", "site_agrees")]
    (row,) = store.rows("SELECT old, new, run_id FROM match_changes WHERE field = 'corrected' AND new IS NULL")
    assert (row["old"], row["run_id"]) == ("home_score", store.run_id)
    (told,) = store.rows("SELECT kind, payload FROM touchline.news")
    assert told["kind"] == "correction.site_agrees"
    assert told["payload"]["teams"] == ["Ashgrove", "Bellwater"]
    assert [(c["field"], c["value"], c["site_value"], c["by"]) for c in told["payload"]["corrections"]] == [
        ("home_score", "2", "1", "ann")
    ]
    store.put([played(3, 3)], day=3)
    assert shown(store) == (3, 3, None)


def test_of_two_fields_the_site_may_come_round_to_one(store: Store) -> None:
    """The other one stays corrected."""
    store.put([played(1, 3)])
    say(store, home_score=2, away_score=4)
    store.put([played(1, 4)], day=2)
    assert shown(store) == (2, 4, ["home_score"])
    assert [state for *_, state in corrections(store)] == ["site_agrees", "standing"]


def test_a_late_message_does_not_speak_for_the_site(store: Store) -> None:
    """What the site said before it was corrected is no news of it, however late it comes, and neither does it agree."""
    store.put([played(1, 3)], day=3)
    say(store, home_score=2)
    stale = store.put([played(2, 3)], day=2)
    assert stale
    assert stale.stale == 1
    assert corrections(store) == [("home_score", "2", "1", "standing")]
    store.put([played(0, 3)], day=5)
    stale = store.put([played(2, 3)], day=4)
    assert stale
    assert stale.stale == 1
    assert corrections(store) == [("home_score", "2", "0", "standing")]


def test_a_late_message_may_be_the_newest_of_its_match(store: Store) -> None:
    """Part of a newer observation is known, but not of this match: the site has come round."""
    store.put([played(1, 3)], day=1)
    say(store, home_score=2)
    store.put([a_match("2")], day=3)
    counts = store.put([played(2, 3)], day=2)
    assert counts
    assert counts.updated == 1
    assert [state for *_, state in corrections(store)] == ["site_agrees"]


def test_what_was_said_before_the_site_came_round_is_old(store: Store) -> None:
    """That it came round is an observation like any other: an older one that comes late is stale."""
    store.put([played(1, 3)], day=1)
    say(store, home_score=2)
    store.put([played(2, 3)], day=3)
    stale = store.put([played(0, 3)], day=2)
    assert stale
    assert stale.stale == 1
    assert shown(store) == (2, 3, None)


def test_it_rests_while_the_site_says_what_it_does_not_go_with(store: Store) -> None:
    """A score of a match that has none again would be one score without the other; it comes back with the result."""
    store.put([played(1, 3)])
    say(store, home_score=2)
    counts = store.put([a_match("1")], day=2)
    assert counts
    assert counts.updated == 1
    assert shown(store, "home_score", "away_score", "status", "corrected") == (None, None, "scheduled", None)
    assert corrections(store) == [("home_score", "2", None, "resting")]
    assert news(store) == ["correction.rests"]
    store.put([a_match("1", location="Field 2")], day=3)
    assert news(store) == ["correction.rests"], "told once"
    store.put([played(1, 3)], day=4)
    assert shown(store) == (2, 3, ["home_score"])
    assert corrections(store) == [("home_score", "2", "1", "standing")]


def test_withdrawn_and_listed_again(store: Store) -> None:
    """A match that its site no longer lists keeps its correction, and so it does when it comes back."""
    store.put([played(1, 3)])
    say(store, home_score=2)
    store.arrange("UPDATE touchline.matches SET withdrawn_at = '2026-10-02T12:00Z', changed_at = now()")
    assert shown(store) == (2, 3, ["home_score"])
    say(store, away_score=4)
    counts = store.put([played(1, 3)], day=3)
    assert counts
    assert counts.updated == 1
    assert shown(store, "home_score", "away_score", "withdrawn_at") == (2, 4, None)


def test_a_placeholder_does_not_speak_of_the_day(store: Store) -> None:
    """A site that postpones a match without a day has not come round to the corrected one."""
    store.put([a_match("1")])
    say(store, date="2026-10-17", kickoff="2026-10-17T14:00:00Z")
    store.put([a_match("1", status="postponed", date=None, kickoff=None)], day=2)
    assert shown(store, "status", "date", "corrected")[0] == "postponed"
    assert str(store.match("1")["date"]) == "2026-10-17"
    assert corrections(store) == [
        ("date", "2026-10-17", "2026-10-10", "standing"),
        ("kickoff", "2026-10-17T14:00:00Z", "2026-10-10T14:00:00Z", "standing"),
    ]
    unsay(store)
    assert str(store.match("1")["date"]) == "2026-10-10"
    assert store.match("1")["kickoff"].isoformat() == "2026-10-10T14:00:00+00:00"


def test_a_corrected_division_has_its_table(store: Store) -> None:
    """Whatever is looked up by a corrected value is found."""
    store.put([played(1, 3)])
    say(store, division="Southwest")
    assert [row["division"] for row in store.rows("SELECT DISTINCT division FROM standings")] == ["Southwest"]
    assert store.rows("SELECT FROM touchline.division_labels WHERE division = 'Southwest'") == [{}]


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({}, "no field was named"),
        ({"home_team": "X"}, "home_team cannot be corrected"),
        ({"home_score": None}, "there is one score without the other"),
        ({"home_score": None, "away_score": None}, "a completed match has both scores"),
        ({"home_score": 1}, "the site says 1 for home_score itself"),
        ({"home_score": 1000}, "home_score"),
        ({"home_penalties": 4}, "one shoot-out score without the other"),
        ({"home_penalties": 4, "away_penalties": 3}, "the match was no draw"),
        ({"status": "played"}, "status"),
        ({"date": "2026-02-30"}, "no such date"),
        ({"date": None}, "only a postponed or forfeited match may be without a date"),
        ({"date": "2026-10-11"}, "the kick-off would be on 2026-10-10 at the venue, and the date 2026-10-11"),
        ({"kickoff": "2026-10-10T14:00:00"}, "kickoff"),
        ({"division": ""}, "division: is empty"),
        ({"location": "a\0b"}, "location"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(store: Store, values: dict[str, Any], refusal: str) -> None:
    """Nothing is written then."""
    store.put([played(1, 3)])
    with pytest.raises(NotCorrectable, match=refusal):
        say(store, **values)
    assert shown(store) == (1, 3, None)
    assert store.changes() == []
    assert corrections(store) == []


def test_who_corrects_says_who_and_why_and_of_which_match(store: Store) -> None:
    """Nobody corrects in silence, or a match that is not there; nothing is taken back that was not said."""
    store.put([played(1, 3)])
    with pytest.raises(NoSuchMatch, match="the source 'mlsnext' has no match '7'"):
        correct(store.pool, "mlsnext", "7", {"home_score": 2}, why=WHY, by="ann")
    for why, by in (("  ", "ann"), (WHY, ""), ("x" * 2001, "ann")):
        with pytest.raises(NotCorrectable):
            correct(store.pool, "mlsnext", "1", {"home_score": 2}, why=why, by=by)
    with pytest.raises(NotCorrectable, match="nothing of the match 1 is corrected"):
        unsay(store)
    say(store, home_score=2)
    with pytest.raises(NotCorrectable, match="home_score is corrected to 2 already"):
        say(store, home_score=2)
    with pytest.raises(NotCorrectable, match="away_score of the match 1 is not corrected"):
        unsay(store, "away_score")
    say(store, home_score=4)
    assert corrections(store) == [("home_score", "2", "1", "replaced"), ("home_score", "4", "1", "standing")]


def test_what_stands_only_together_is_taken_back_together(store: Store) -> None:
    """Of a result that a person entered, one score alone would be left."""
    store.put([a_match("1")])
    say(store, status="completed", home_score=0, away_score=0)
    with pytest.raises(NotCorrectable, match="one score without the other"):
        unsay(store, "home_score")
    unsay(store)
    assert shown(store, "status", "home_score", "corrected") == ("scheduled", None, None)


def test_a_number_that_two_sources_have_needs_the_source(store: Store) -> None:
    """And who names a wrong one is told where the match is."""
    store.put([played(1, 3)])
    with transaction(store.pool) as connection:
        assert source_of(connection, "1") == "mlsnext"
        with pytest.raises(NoSuchMatch, match="the source 'other' has no match '1'") as wrong:
            source_of(connection, "1", "other")
        assert "mlsnext" in wrong.value.hint
    store.arrange(
        "INSERT INTO touchline.teams (source, team_key, name, age_group) VALUES ('other', 'x', 'X', 'U15');"
        "INSERT INTO touchline.matches (source, match_id, season, match_type, age_group, home_team_key, away_team_key,"
        " status, observed_at, part)"
        " VALUES ('other', '1', '2026-27', 'Friendly', 'U15', 'x', 'x', 'postponed', now(), 'p')"
    )
    with transaction(store.pool) as connection:
        with pytest.raises(NoSuchMatch, match="more than one source has a match '1': mlsnext, other") as two:
            source_of(connection, "1")
        assert "--source" in two.value.hint
        assert source_of(connection, "1", "other") == "other"
