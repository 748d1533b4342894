"""The source `ics`: what events of calendars become, and what is no calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from icalendar import Event as Component

from contract.settings import SourceSettings
from ingest.answers import Answer
from ingest.errors import NotPublished, PageChanged, TooLarge, UnknownScope
from ingest.http import Fetcher
from ingest.models import Match
from ingest.season import Season
from ingest.sources import Part, Reject, Scope
from ingest.sources.ics import ICalendar, calendars
from tests.unit.ingest.calendars import GOOGLE, OUTLOOK, TEAM_APP, calendar, crlf, event

#: When the calendars here were asked for.
NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
VILLAGE = {"url": "https://club.example/u14.ics", "age_group": "U14", "timezone": "Europe/Berlin"}


def source(**said: Any) -> ICalendar:
    return ICalendar.make(SourceSettings.model_validate({"feeds": {"village": {**VILLAGE, **said}}}))


def answer(body: bytes, content_type: str = "text/calendar; charset=utf-8") -> Answer:
    return Answer(200, body, None, "https://club.example/u14.ics", content_type, NOW)


def rows(body: bytes, season: str = "2026-27", **said: Any) -> list[Match | Reject]:
    """What a calendar with this body says."""
    reader = source(**said)
    (part,) = reader.plan(Scope(season=season), Fetcher())
    return list(reader.parse(part, answer(body)).matches)


def matches(body: bytes, **said: Any) -> list[dict[str, Any]]:
    found = rows(body, **said)
    assert not [row for row in found if isinstance(row, Reject)]
    return [row.wire() for row in found if isinstance(row, Match)]


def match(*lines: str, **said: Any) -> dict[str, Any]:
    """The match of a calendar with one event."""
    (found,) = matches(calendar(event(*lines)), **said)
    return found


def reject(*lines: str, **said: Any) -> Reject:
    (found,) = rows(calendar(event(*lines)), **said)
    assert isinstance(found, Reject)
    return found


class TestCalendarsAsTheyAreWritten:
    def test_google(self) -> None:
        """Folded lines, escaped commas, emoji, UTC times: the match is on the day that it is at the venue."""
        timed, all_day = matches(crlf(GOOGLE))
        assert timed == {
            "match_id": "village:3k2l1m0n@google.com",
            "home_team": "SV Grün-Weiß Äschen ⚽",
            "away_team": "1. FC Köln-Süd, Zweite Mannschaft der U14",
            "date": "2026-10-11",
            "kickoff": "2026-10-10T22:30:00Z",
            "timezone": "Europe/Berlin",
            "season": "2026-27",
            "age_group": "U14",
            "match_type": "League",
            "league": "village",
            "status": "scheduled",
            "location": "Sportpark Süd, Platz 3 (Kunstrasen), Am Alten Bahnhof 12, 12345 Musterstadt",
        }
        assert (all_day["date"], all_day.get("kickoff"), all_day["status"]) == ("2026-11-07", None, "scheduled")

    def test_outlook(self) -> None:
        """A zone by Windows' name, an alarm, and a UID that is too long for an id."""
        (found,) = matches(crlf(OUTLOOK))
        assert (found["kickoff"], found["timezone"]) == ("2026-10-03T14:00:00Z", "America/New_York")
        assert (found["home_team"], found["away_team"]) == ("Ash United", "Elm Rovers")
        assert (found["home_score"], found["away_score"], found["status"]) == (2, 1, "completed")
        assert found["match_id"].startswith("village:")
        assert len(found["match_id"]) <= 100

    def test_a_team_app(self) -> None:
        """Results and shoot-outs in the summary, 0-0 among them; what is called off; a training that repeats."""
        nil, shootout, cancelled, postponed, training = rows(crlf(TEAM_APP))
        assert isinstance(nil, Match)
        assert (nil.status, nil.home_score, nil.away_score) == ("completed", 0, 0)
        assert (nil.kickoff, nil.url) == ("2026-09-12T12:00:00Z", "https://teamapp.example/games/771")
        assert isinstance(shootout, Match)
        assert (shootout.home_penalties, shootout.away_penalties, shootout.home_score) == (3, 4, 1)
        assert isinstance(cancelled, Match)
        assert (cancelled.status, cancelled.home_team, cancelled.away_team) == ("cancelled", "Ash", "Oak")
        assert isinstance(postponed, Match)
        # local midnight is no kick-off
        assert (postponed.status, postponed.date, postponed.kickoff) == ("postponed", "2026-10-17", None)
        assert isinstance(training, Reject)
        assert training.reason == "no_match"
        assert 'others = "skip"' in training.error


class TestAnEvent:
    @pytest.mark.parametrize(
        ("start", "day", "kickoff", "zone"),
        [
            (":20261024T223000Z", "2026-10-25", "2026-10-24T22:30:00Z", "Europe/Berlin"),
            (":20261003T150000", "2026-10-03", "2026-10-03T13:00:00Z", "Europe/Berlin"),
            (";TZID=America/New_York:20261003T203000", "2026-10-03", "2026-10-04T00:30:00Z", "America/New_York"),
            (";TZID=/vendor.org/2021/Europe/London:20261003T150000", "2026-10-03", "2026-10-03T14:00:00Z", None),
            (";TZID=Customized Time Zone:20261003T150000", "2026-10-03", "2026-10-03T13:00:00Z", "Europe/Berlin"),
            (";VALUE=DATE:20261003", "2026-10-03", None, "Europe/Berlin"),
            (":20261003", "2026-10-03", None, "Europe/Berlin"),
            (";TZID=Europe/Berlin:20261003T000000", "2026-10-03", None, "Europe/Berlin"),
        ],
    )
    def test_its_time(self, start: str, day: str, kickoff: str | None, zone: str | None) -> None:
        """UTC, floating, with a zone, with one that nobody knows, a day alone: date at the venue, kick-off in UTC."""
        found = match("1", "Ash vs Elm", start)
        assert (found["date"], found.get("kickoff")) == (day, kickoff)
        assert found["timezone"] == (zone or "Europe/London")

    def test_a_result_before_it_is_played_is_none(self) -> None:
        """Calendars that write 0:0 until a match is played must not have it played."""
        found = match("1", "Ash 0:0 Elm", ":20261005T120100Z")
        assert found["status"] == "scheduled"
        assert "home_score" not in found
        assert match("1", "Ash 0:0 Elm", ":20261005T115900Z")["status"] == "completed"

    def test_a_cancelled_one_has_no_result(self) -> None:
        found = match("1", "CANCELLED: Ash 0-0 Elm", ":20260905T150000Z")
        assert found["status"] == "cancelled"
        assert "home_score" not in found

    def test_the_pattern_may_name_more(self) -> None:
        """Age group, division and round come from the summary where the pattern finds them, else from the feed."""
        pattern = (
            r"(?:(?P<age_group>U-?\d+) )?(?:(?P<division>\w+) )?(?:R(?P<round>\d+) )?\| (?P<home>.+) v (?P<away>.+)"
        )
        found = match("1", "u-12 North R7 | Ash v Elm", summary=pattern, division="South")
        assert (found["age_group"], found["division"], found["round"]) == ("U12", "North", "7")
        found = match("1", "| Ash v Elm", summary=pattern, division="South")
        assert (found["age_group"], found["division"], found.get("round")) == ("U14", "South", None)

    def test_of_several_patterns_the_first_that_fits(self) -> None:
        """So a calendar that writes `Elm @ Ash` for a match at Ash has both sides right."""
        patterns = [r"(?P<home>.+) vs (?P<away>.+)", r"(?P<away>.+) @ (?P<home>.+)"]
        assert match("1", "Elm @ Ash", summary=patterns)["home_team"] == "Ash"
        assert match("1", "Elm vs Ash", summary=patterns)["home_team"] == "Elm"

    @pytest.mark.parametrize(
        ("lines", "reason"),
        [
            (("", "Ash vs Elm"), "no_uid"),
            (("1", "Training"), "no_match"),
            (("1", "A" * 300 + " vs Elm"), "no_match"),
            (("1", "Ash vs Elm", ":20260230T150000Z"), "broken_event"),
            (("1", "Ash vs Elm", ";TZID=America:20260905T150000"), "broken_event"),
            (("1", "Ash vs Elm", ":150000"), "no_start"),
            (("1", "Ash vs Elm", ":20260905T150000Z", "RRULE:FREQ=WEEKLY"), "recurring"),
            (("1", "Ash 1:1 (4:4) Elm 999:0 Oak", ":20260905T150000Z"), None),
            (("1", "Ash 201:0 Elm"), "less_than_equal"),
            (("1", "Ash 2:1 (4:3) Elm"), "penalties_without_a_draw"),
            (("1", "A\0sh vs Elm"), "string_pattern_mismatch"),
        ],
    )
    def test_what_cannot_be_used_is_a_reject(self, lines: tuple[str, ...], reason: str | None) -> None:
        """With its reason and the event as it came."""
        if reason is None:
            assert match(*lines)
            return
        found = reject(*lines)
        assert found.reason == reason
        assert "SUMMARY:" in found.payload

    def test_a_pattern_that_finds_no_number(self) -> None:
        """What stands for goals has to be a number, whatever somebody's pattern lets through."""
        pattern = r"(?P<home>\w+) (?P<home_score>\w+):(?P<away_score>\w+) (?P<away>\w+)"
        assert reject("1", "Ash two:1 Elm", summary=pattern).reason == "no_number"

    def test_a_broken_one_stops_no_other(self) -> None:
        """Whatever is wrong within one event, the others of the calendar are read."""
        bad = [
            event(2, "Ash vs Elm", ":99999999T999999"),
            event(3, "Ash vs Elm", ":20260905T150000Z", "BEGIN:VALARM", "TRIGGER:rubbish", "UID:9", "END:VALARM"),
            event(4, "Ash vs Elm", ":20260905T150000Z", 'ATTENDEE;CN="x:mailto', "GEO:rubbish", "without a colon"),
        ]
        found = rows(calendar(event(1), *bad, event(5)))
        assert [row.match_id for row in found if isinstance(row, Match)] == [f"village:{n}" for n in (1, 3, 4, 5)]
        assert [row.reason for row in found if isinstance(row, Reject)] == ["broken_event"]

    def test_what_its_alarm_says_is_not_its_own(self) -> None:
        """Reminders by mail have a summary, Apple's a UID; they may stand before the event's own."""
        alarm = "BEGIN:VALARM\nUID:9\nSUMMARY:Oak vs Pine\nEND:VALARM\n"
        assert match_of(calendar(alarm + event(1))).match_id == "village:1"
        assert match_of(calendar(alarm + event(1))).home_team == "Ash"

    def test_without_its_end_it_takes_no_other_along(self) -> None:
        body = calendar(event(1), event(2)).replace(b"END:VEVENT\r\n", b"", 1)
        assert [row.match_id for row in rows(body)] == ["village:1", "village:2"]

    @given(
        home=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=100),
        away=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=100),
        location=st.text(st.characters(exclude_categories=["C", "Z"]), max_size=200),
        day=st.dates(date(2026, 8, 1), date(2027, 7, 31)),
        score=st.none() | st.tuples(st.integers(0, 200), st.integers(0, 200)),
    )
    def test_what_is_written_is_read(
        self, home: str, away: str, location: str, day: date, score: tuple[int, int] | None
    ) -> None:
        """Whatever a calendar program escapes and folds, the match has names, venue, day and result as they were."""
        component = Component()
        component.add("uid", "1")
        component.add("dtstart", day)
        component.add("summary", f"{home} {'{}:{}'.format(*score) if score else 'vs'} {away}")
        component.add("location", location)
        whole = Calendar()
        whole.add_component(component)
        found = match_of(
            whole.to_ical(), summary=r"(?P<home>\S+) (?:vs|(?P<home_score>\d+):(?P<away_score>\d+)) (?P<away>\S+)"
        )
        assert (found.home_team, found.away_team, found.location or "") == (home, away, location)
        assert found.date == day.isoformat()
        played = score is not None and day <= NOW.date()
        assert (found.home_score, found.away_score) == (score if played else (None, None))


def match_of(body: bytes, **said: Any) -> Match:
    (found,) = rows(body, **said)
    assert isinstance(found, Match)
    return found


class TestOneUidTwice:
    def test_the_newer_revision_counts(self) -> None:
        """A higher SEQUENCE takes the place of a lower one, wherever it stands, and that is no error."""
        old, new = (
            event(1, "Ash vs Elm", ":20260905T150000Z"),
            event(1, "Ash vs Elm", ":20260906T150000Z", "SEQUENCE:2"),
        )
        for body in (calendar(old, new), calendar(new, old)):
            assert [found["date"] for found in matches(body)] == ["2026-09-06"]

    def test_of_equals_the_last_counts_and_the_other_is_told(self) -> None:
        found, other = sorted(
            rows(calendar(event(1), event(1, "Ash 2:1 Elm"))), key=lambda row: isinstance(row, Reject)
        )
        assert isinstance(found, Match)
        assert found.status == "completed"
        assert isinstance(other, Reject)
        assert other.reason == "duplicate"
        assert "Ash vs Elm" in other.payload

    def test_the_same_to_the_letter_is_one(self) -> None:
        assert len(matches(calendar(event(1), event(1)))) == 1

    def test_of_a_series_each_changed_one_is_its_own(self) -> None:
        """RECURRENCE-ID tells those apart that share a UID."""
        one, two = (
            event(1, "Ash vs Elm", f":202609{day}T150000Z", f"RECURRENCE-ID:202609{day}T100000Z") for day in (12, 19)
        )
        found = matches(calendar(one, two))
        assert [row["match_id"] for row in found] == ["village:1/20260912T100000Z", "village:1/20260919T100000Z"]


class TestACalendar:
    def test_it_is_read_season_by_season(self) -> None:
        """Each part has the events of its own season, in a feed that has several."""
        body = calendar(event(1, "Ash vs Elm", ":20260731T120000Z"), event(2, "Ash vs Elm", ":20260801T120000Z"))
        assert [row.match_id for row in rows(body, "2025-26")] == ["village:1"]
        assert [row.match_id for row in rows(body, "2026-27")] == ["village:2"]

    def test_without_a_match_of_the_season_it_is_not_published(self) -> None:
        """A sentence that says how many events there are, and what one is called that may be a match."""
        body = calendar(event(1, "Training"), event(2, "Ash vs Elm", ":20250905T150000Z"))
        with pytest.raises(NotPublished) as raised:
            rows(body, others="skip")
        assert str(raised.value) == (
            "the calendar village lists no match of 2026-27, among 2 events; no pattern in its summary fits 'Training'"
        )
        with pytest.raises(NotPublished, match=r"among 0 events$"):
            rows(calendar())

    def test_others_are_left_out_if_told_so(self) -> None:
        """`others = "skip"`: a training is nothing; a broken event still is a reject."""
        found = rows(calendar(event(1), event(2, "Training"), event(3, "Training", ":rubbish")), others="skip")
        assert [type(row) for row in sorted(found, key=lambda row: isinstance(row, Reject))] == [Match, Reject]

    @pytest.mark.parametrize("complete", [True, False])
    def test_it_is_complete_unless_told_otherwise(self, complete: bool) -> None:
        """A calendar that shows a window of the season withdraws nothing."""
        reader = source(complete=complete)
        (part,) = reader.plan(Scope(season="2026-27"), Fetcher())
        reading = reader.parse(part, answer(calendar(event())))
        assert (reading.complete, reading.observed_at) == (complete, "2026-10-05T12:00:00Z")

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"<!doctype html><title>Sign in</title>", "answers with a page that is no calendar"),
            (b"", "answers with something that is no calendar"),
            (b'{"events": []}', "answers with something that is no calendar"),
            (crlf(GOOGLE)[:700], "ends in the middle of the calendar"),
            (crlf(GOOGLE).replace(b"END:VCALENDAR", b""), "ends in the middle of the calendar"),
        ],
    )
    def test_what_is_none_is_page_changed(self, body: bytes, said: str) -> None:
        """A login page, nothing, something else, half a file."""
        with pytest.raises(PageChanged, match=said):
            rows(body)

    def test_one_with_too_many_events_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calendars, "MOST_EVENTS", 2)
        with pytest.raises(TooLarge, match="more than 2 events"):
            rows(calendar(event(1), event(2), event(3)))

    @pytest.mark.parametrize("change", [lambda body: b"\xef\xbb\xbf" + body, lambda body: body.replace(b"\r\n", b"\n")])
    def test_a_byte_order_mark_and_bare_newlines_are_put_up_with(self, change: Any) -> None:
        assert len(matches(change(crlf(GOOGLE)))) == 2

    def test_a_fold_may_stand_inside_a_character(self) -> None:
        """Programs that fold by bytes cut an umlaut in two."""
        body = calendar(event(1, "Äsch vs Elm")).replace("Ä".encode(), b"\xc3\r\n \x84")
        assert match_of(body).home_team == "Äsch"

    def test_an_old_encoding_is_put_up_with(self) -> None:
        body = calendar(event(1, "Asch vs Köln")).decode().encode("latin-1")
        assert match_of(body).away_team == "Köln"

    def test_a_hostile_zone_is_not_run(self) -> None:
        """A rule that repeats each second since 1601 costs nothing."""
        rule = "DTSTART:16010101T000000\nRRULE:FREQ=SECONDLY\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100"
        zone = f"BEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\n{rule}\nEND:STANDARD\nEND:VTIMEZONE\n"
        body = calendar(event(1, "Ash vs Elm", ";TZID=Mine:20260905T150000"))
        body = body.replace(b"BEGIN:VEVENT", crlf(zone) + b"BEGIN:VEVENT")
        assert match_of(body).kickoff == "2026-09-05T13:00:00Z"

    @given(st.binary(max_size=200), st.integers(0, 400))
    def test_rubbish_ends_as_one_of_our_own_errors(self, rubbish: bytes, at: int) -> None:
        """Bytes that are thrown into a calendar make rejects, or the part fails with a sentence; nothing else."""
        body = calendar(event(1), event(2, "Ash 2:1 Elm", ";TZID=Europe/Berlin:20260905T150000"))
        try:
            found = rows(body[:at] + rubbish + body[at:])
        except (PageChanged, NotPublished):
            return
        assert all(isinstance(row, Match | Reject) for row in found)


class TestThePlan:
    def test_a_part_a_feed(self) -> None:
        """Named after feed and season, so that a new season is read though the calendar has not changed."""
        reader = ICalendar.make(SourceSettings.model_validate({"feeds": {"a": VILLAGE, "B b": VILLAGE}}))
        assert reader.leagues == ("a", "B b")
        assert reader.plan(Scope(season="2026-27"), Fetcher()) == [
            Part("a-2026-27", "a", "2026-27"),
            Part("B b-2026-27", "B b", "2026-27"),
        ]
        assert [part.name for part in reader.plan(Scope(leagues=("b B",)), Fetcher())] == [
            f"B b-{Season.of(datetime.now(UTC).date())}"
        ]

    def test_a_feed_that_nobody_named(self) -> None:
        with pytest.raises(UnknownScope, match="ics has no feed 'town'"):
            source().plan(Scope(leagues=("town",)), Fetcher())
