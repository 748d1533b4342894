"""`[sources.ics]` in touchline.toml: what is wrong there is said with its key, before anything is asked."""

from __future__ import annotations

import time
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.settings import SourceSettings
from ingest.errors import NotConfigured
from ingest.http import Fetcher
from ingest.sources import Scope
from ingest.sources.ics import ICalendar
from ingest.sources.ics.feeds import LONGEST_SUMMARY, SUMMARY, Feed, feeds_of

VILLAGE = {"url": "https://club.example/u14.ics", "age_group": "U14", "timezone": "Europe/Berlin"}
SIDES = r"(?P<home>.+) vs (?P<away>.+)"


def make(**said: Any) -> Feed:
    settings = SourceSettings.model_validate({"feeds": {"village": {**VILLAGE, **said}}})
    return feeds_of(settings, "ics")["village"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"summary": "(?P<home>.+"}, "village.summary: is no regular expression: missing .*unterminated subpattern"),
        ({"summary": "(?P<home>.+) vs .+"}, r"village.summary: does not name away: write \(\?P<away>"),
        ({"summary": [SIDES, ".+"]}, "village.summary: does not name away and home"),
        ({"summary": SIDES + "(?P<goals>.)"}, "village.summary: names 'goals'; it may name age_group, away"),
        ({"summary": SIDES + r"(?P<home_score>\d)"}, "village.summary: names one of home_score and away_score"),
        (
            {"summary": SIDES + r"(?P<home_penalties>\d)(?P<away_penalties>\d)"},
            "village.summary: .*, and not those of the match",
        ),
        ({"summary": []}, "village.summary: "),
        ({"url": "club.example/u14.ics"}, "village.url: is no address"),
        ({"url": "file:///etc/passwd"}, "village.url: is no address"),
        ({"url": "https://[club"}, "village.url: is no address"),
        ({"timezone": "Berlin"}, "village.timezone: is no time zone"),
        ({"timezone": "../etc/passwd"}, "village.timezone: is no time zone"),
        ({"timezone": "America"}, "village.timezone: is no time zone"),
        ({"age_group": "Seniors"}, "village.age_group: "),
        ({"age_group": None}, "village: has no age_group, and not every pattern"),
        ({"others": "ignore"}, "village.others: "),
        ({"colour": "red"}, "village.colour: "),
    ],
)
def test_what_is_wrong_is_said_with_its_key(said: dict[str, Any], sentence: str) -> None:
    """The feed, the key and what to write instead; exit code 2."""
    with pytest.raises(ConfigurationError, match=f"sources.ics.feeds.{sentence}") as raised:
        make(**said)
    assert "docs/sources.md" in raised.value.hint


def test_the_address_of_a_private_calendar_is_not_repeated() -> None:
    """It is a password."""
    with pytest.raises(ConfigurationError) as raised:
        make(url="ftp://club.example/private-s3cr3t/basic.ics")
    assert "s3cr3t" not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize("name", ["", "a/b", "x" * 61, "a\nb"])
def test_a_name_that_cannot_be_a_league(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sources\.ics\.feeds"):
        feeds_of(SourceSettings.model_validate({"feeds": {name: VILLAGE}}), "ics")


def test_webcal_is_https() -> None:
    """As calendars are linked."""
    assert make(url="webcal://club.example/u14.ics").url == "https://club.example/u14.ics"
    assert make(url="http://club.example/u14.ics").url == "http://club.example/u14.ics"


def test_the_pattern_may_name_the_age_group_instead() -> None:
    assert make(age_group=None, summary=r"(?P<age_group>U\d+) " + SIDES).age_group is None


def test_no_feed_is_not_configured() -> None:
    """Said as such, so that it is told from a mistake."""
    with pytest.raises(NotConfigured, match="no calendar is named") as raised:
        ICalendar.make(SourceSettings())
    assert "[sources.ics.feeds.NAME]" in raised.value.hint


def test_a_base_address_is_not_ignored() -> None:
    """TOUCHLINE_ICS_URL would replace nothing."""
    with pytest.raises(ConfigurationError, match="TOUCHLINE_ICS_URL"):
        feeds_of(SourceSettings.model_validate({"url": "https://mirror.example", "feeds": {"village": VILLAGE}}), "ics")


def test_feeds_are_asked_for_politely() -> None:
    """One request a second, whatever the number of feeds."""
    source = ICalendar.make(SourceSettings.model_validate({"feeds": {"village": VILLAGE}}))
    assert (source.concurrency, source.interval) == (1, 1.0)
    assert len(source.plan(Scope(), Fetcher())) == 1


@pytest.mark.parametrize(
    ("summary", "sides"),
    [
        ("Ash vs Elm", ("Ash", "Elm")),
        ("Ash  VS.  Elm", ("Ash", "Elm")),
        ("Ash v Elm", ("Ash", "Elm")),
        ("Ash 12-0 Elm", ("Ash", "Elm")),
        ("Ash 2 – 1 Elm", ("Ash", "Elm")),
        ("1. FC Ash 04 2:1 TSV 1860 Elm", ("1. FC Ash 04", "TSV 1860 Elm")),
        ("SV Ash - Nord vs Elm", ("SV Ash - Nord", "Elm")),
        ("Training - Field 2", None),
        ("Training 17:00", None),
        ("Vsetin", None),
        ("", None),
    ],
)
def test_the_pattern_that_is_taken_where_none_is_written(summary: str, sides: tuple[str, str] | None) -> None:
    """A score or `vs` between two names; a hyphen alone makes no match of a training."""
    said = make().fit(summary)
    assert (said and (said["home"], said["away"])) == sides


def test_the_default_pattern_is_quick_on_the_worst() -> None:
    """What the longest summaries cost is bounded, for a pattern of ours: milliseconds of this process's own time."""
    worst = [
        text[:LONGEST_SUMMARY] for text in ("a " * 300, "1 " * 300, "1-1 " * 300, "v " * 300, "(" * 300, "1-1 (" * 99)
    ]
    started = time.process_time()
    for text in worst:
        make(summary=SUMMARY).fit(text)
    assert time.process_time() - started < 1.0
