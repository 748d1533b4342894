"""Calendars out of a real store: what a change of a match, and nothing else, does to its event."""

from __future__ import annotations

from typing import Any

import pytest
from icalendar import Calendar as Parsed
from icalendar import Event

from actors.calendars import Calendar, Team, calendar_of, find
from actors.errors import NoSuchTeam
from actors.store.database import connect
from actors.store.reading import reading
from tests.integration.store.conftest import Store, a_match


def calendar(url: str, team: str = "1", **options: Any) -> Calendar:
    with connect(url) as connection:
        return calendar_of(connection, "mlsnext", team, **options)


def events(made: Calendar) -> dict[str, Event]:
    parsed = Parsed.from_ical(made.to_ical())
    return {str(event["UID"]).partition("@")[0]: event for event in parsed.walk("VEVENT")}


def teams(url: str, team: str, **options: Any) -> list[Team]:
    with connect(url) as connection:
        return list(find(connection, team, **options))


@pytest.mark.parametrize(
    "changed",
    [
        {"kickoff": "2026-10-10T16:00:00Z"},
        {"date": "2026-10-11", "kickoff": "2026-10-11T14:00:00Z"},
        {"kickoff": None},
        {"timezone": "America/Chicago"},
        {"location": "Field 2"},
        {"status": "completed", "home_score": 2, "away_score": 1},
        {"status": "postponed", "date": None, "kickoff": None},
        {"status": "cancelled"},
        {"round": "3"},
        {"notes": "No parking"},
        {"url": "https://example.org/1"},
        {"division": "South"},
        {"league": "flex"},
        {"match_type": "Flex"},
    ],
    ids=lambda changed: "+".join(changed),
)
def test_a_change_is_one_revision_of_one_event(store: Store, any_store_url: str, changed: dict[str, Any]) -> None:
    """However many fields change at once; the other event is the same to the byte, and so is the UID."""
    store.put([a_match("1"), a_match("2")])
    before = events(calendar(any_store_url))
    store.put([a_match("1", **changed), a_match("2")], day=2)
    after = events(calendar(any_store_url))
    assert list(after) == ["1", "2"]
    assert before["1"].to_ical() != after["1"].to_ical()
    assert before["2"].to_ical() == after["2"].to_ical()
    assert (before["1"]["SEQUENCE"], after["1"]["SEQUENCE"]) == (0, 1)
    (match,) = store.rows("SELECT changed_at FROM match_list WHERE match_id = '1'")
    assert after["1"]["LAST-MODIFIED"].dt == match["changed_at"].replace(microsecond=0)


def test_seen_again_unchanged_it_is_the_same_document(store: Store, any_store_url: str) -> None:
    """By a later run, from another part, as a late copy: the same bytes, the same ETag."""
    store.put([a_match("1"), a_match("2")], day=2)
    before = calendar(any_store_url)
    store.put([a_match("1"), a_match("2")], day=3)
    store.put([a_match("1")], day=4, part="another")
    store.put([a_match("1", location="Old field")], day=1)
    after = calendar(any_store_url)
    assert (after.to_ical(), after.etag) == (before.to_ical(), before.etag)


def test_each_change_is_a_revision_more(store: Store, any_store_url: str) -> None:
    """There and back again are two, so that a phone which missed the first takes the second."""
    store.put([a_match("1")])
    for day, place in enumerate(["Field 2", "Field 1", "Field 3"], 2):
        store.put([a_match("1", location=place)], day=day)
    assert events(calendar(any_store_url))["1"]["SEQUENCE"] == 3


def test_a_postponed_match_keeps_its_place(store: Store, any_store_url: str) -> None:
    """The site forgets when it was due, and the calendar does not; the new date moves the same event."""
    store.put([a_match("1")])
    store.put([a_match("1", status="postponed", date=None, kickoff=None)], day=2)
    postponed = events(calendar(any_store_url))["1"]
    assert (str(postponed["STATUS"]), f"{postponed['DTSTART'].dt:%Y-%m-%d %H:%M}") == ("TENTATIVE", "2026-10-10 10:00")
    store.put([a_match("1", date="2026-11-07", kickoff="2026-11-07T15:00:00Z")], day=3)
    moved = events(calendar(any_store_url))["1"]
    assert (str(moved["STATUS"]), f"{moved['DTSTART'].dt:%Y-%m-%d %H:%M}") == ("CONFIRMED", "2026-11-07 10:00")
    assert (postponed["UID"], moved["SEQUENCE"]) == (moved["UID"], 2)


def test_a_withdrawn_match_stays_as_cancelled_and_comes_back(store: Store, any_store_url: str) -> None:
    """Two revisions: what was taken out of a feed would stay on many a phone for ever."""
    store.put([a_match("1"), a_match("2")])
    store.arrange(
        "UPDATE touchline.matches SET withdrawn_at = '2026-10-02T00:00Z', changed_at = now() WHERE match_id = '1'"
    )
    store.arrange(
        "INSERT INTO touchline.changes (source, match_id, field, new, run_id) "
        "VALUES ('mlsnext', '1', 'withdrawn_at', '2026-10-02T00:00:00Z', gen_random_uuid())"
    )
    gone = events(calendar(any_store_url))["1"]
    assert (str(gone["STATUS"]), str(gone["SUMMARY"])) == ("CANCELLED", "Withdrawn: Ashgrove – Bellwater")
    store.put([a_match("1"), a_match("2")], day=3)
    back = events(calendar(any_store_url))["1"]
    assert (str(back["STATUS"]), back["SEQUENCE"]) == ("CONFIRMED", 2)


def test_a_renamed_team_renames_its_events(store: Store, any_store_url: str) -> None:
    """The title follows and the event says when it was revised. The match is as it was, and so is its SEQUENCE."""
    store.put([a_match("1"), a_match("2", home_team_id="3", home_team="Third")])
    before = events(calendar(any_store_url, "2"))
    store.put([a_match("1", home_team="Ashgrove SC"), a_match("2", home_team_id="3", home_team="Third")], day=2)
    after = events(calendar(any_store_url, "2"))
    assert str(after["1"]["SUMMARY"]) == "Ashgrove SC – Bellwater"
    assert after["1"]["SEQUENCE"] == 0
    (renamed,) = store.rows("SELECT renamed_at FROM touchline.teams WHERE renamed_at IS NOT NULL")
    assert after["1"]["LAST-MODIFIED"].dt == renamed["renamed_at"].replace(microsecond=0)
    assert after["2"].to_ical() == before["2"].to_ical()


def test_what_else_is_said_of_a_team_renames_nothing(store: Store, any_store_url: str) -> None:
    """Its club becomes known: no event shows that, so none is revised."""
    store.put([a_match("1")])
    before = calendar(any_store_url)
    store.put([a_match("1", home_club={"id": "c", "name": "Ashgrove", "logo_url": None})], day=2)
    assert store.rows("SELECT club_id FROM touchline.teams WHERE team_key = '1'") == [{"club_id": "c"}]
    assert calendar(any_store_url).to_ical() == before.to_ical()


def test_what_no_event_shows_revises_none(store: Store, any_store_url: str) -> None:
    """A change of a field that events do not have, though the match says that it changed."""
    store.put([a_match("1")])
    before = calendar(any_store_url)
    store.arrange("UPDATE touchline.matches SET changed_at = now()")
    store.arrange(
        "INSERT INTO touchline.changes (source, match_id, field, new, run_id) "
        "VALUES ('mlsnext', '1', 'weather', 'rain', gen_random_uuid())"
    )
    assert calendar(any_store_url).to_ical() == before.to_ical()


def test_a_team_has_its_matches_home_and_away(store: Store, any_store_url: str) -> None:
    """Of all seasons, or of the one that is asked for; nobody else's."""
    away = {"home_team_id": "3", "away_team_id": "1", "home_team": "Third", "away_team": "Ashgrove"}
    other = {"home_team_id": "3", "home_team": "Third"}
    store.put([a_match("1"), a_match("2", **away), a_match("3", **other), a_match("0", season="2025-26")])
    assert list(events(calendar(any_store_url))) == ["0", "1", "2"]
    assert list(events(calendar(any_store_url, season="2026-27"))) == ["1", "2"]
    for wrong in ({"team": "nobody"}, {"season": "2024-25"}):
        with pytest.raises(NoSuchTeam):
            calendar(any_store_url, **wrong)


def test_a_team_without_an_id_has_a_calendar(store: Store, any_store_url: str) -> None:
    """Its key is made of names, slashes and all."""
    store.put([a_match("1", home_team_id=None)])
    assert list(events(calendar(any_store_url, "name:homegrown/U14/ashgrove"))) == ["1"]


def test_a_team_is_found_by_id_or_name(store: Store, any_store_url: str) -> None:
    """The id goes before the name, the whole name before a part of it; nothing typed is taken for a pattern."""
    rows = [
        a_match("1", home_team="Ashgrove"),
        a_match("2", home_team="Ashgrove Black", home_team_id="3", age_group="U15"),
        a_match("3", home_team="1 FC", home_team_id="4", league="flex", division=None),
        a_match("4", home_team="100%", home_team_id="5"),
    ]
    store.put(rows)
    ids = {
        "1": ["1"],
        "ashgrove": ["1"],
        "GROVE": ["1", "3"],
        "fc": ["4"],
        "%": ["5"],
        "_": [],
        "": ["5", "4", "1", "3", "2"],
    }
    for asked, expected in ids.items():
        assert sorted(team.team_id for team in teams(any_store_url, asked)) == sorted(expected), asked
    assert [team.team_id for team in teams(any_store_url, "grove", age_groups=["u15"])] == ["3"]
    assert [team.team_id for team in teams(any_store_url, "", leagues=["FLEX"])] == ["4", "2"]
    assert teams(any_store_url, "1", source="other") == teams(any_store_url, "1", season="2024-25") == []
    (found,) = teams(any_store_url, "1 FC")
    assert found == Team("mlsnext", "4", "1 FC", "2026-27", "U14", "flex", None, 1)


def test_of_too_many_matches_the_latest_are_there(store: Store, any_store_url: str) -> None:
    """A calendar has an end, whatever somebody puts on one team; in order of their ids all the same."""
    days = {"a": "2026-10-10", "b": "2026-10-12", "c": "2026-10-11"}
    store.put([a_match(match_id, date=day) for match_id, day in days.items()])
    store.put([a_match("d", status="postponed", date=None, kickoff=None)])
    asked = {"source": "mlsnext", "team_id": "1", "limit": 2}
    with connect(any_store_url) as connection, reading(connection, "calendar", **asked) as found:
        assert [row["match_id"] for row in found.rows] == ["b", "c"]


def test_a_team_is_as_old_as_it_mostly_plays(store: Store, any_store_url: str) -> None:
    """One match against older ones makes it no older; another season does."""
    store.put([a_match("1"), a_match("2"), a_match("3", age_group="U15", division=None)])
    assert [team.team_id for team in teams(any_store_url, "grove", age_groups=["U14"])] == ["1"]
    assert teams(any_store_url, "grove", age_groups=["U15"]) == []
    store.put([a_match("4", season="2027-28", age_group="U15")])
    assert [team.age_group for team in teams(any_store_url, "grove")] == ["U15"]
    assert calendar(any_store_url).name == "Ashgrove U15"
