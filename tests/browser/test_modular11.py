"""A season of three age groups, each over 12 pages, read from the replica of modular11's site with a real Chromium.

Everything that was ever wrong with the site is switched on in turn: what can be survived changes nothing of what is
read, and the rest ends with a sentence that says what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from contract.settings import Settings
from ingest.browser.visits import Visits
from ingest.errors import PageChanged, SiteUnreachable, UnknownScope
from ingest.http import Fetcher
from ingest.models import Match
from ingest.sources import Part, Reading, Scope
from ingest.sources.modular11 import Modular11, selects
from touchline.demo.league import League
from touchline.demo.modular11 import Modular11Site, Schedules, Trouble
from touchline.demo.modular11.listing import divisions, planned
from touchline.demo.modular11.schedules import LIST

pytestmark = pytest.mark.slow

AGES = ("U13", "U14", "U15")
SEASON = "2026-27"
#: 290 matches are 12 pages, the last one with 15.
MATCHES = 290


@pytest.fixture(scope="module")
def site() -> Iterator[Modular11Site]:
    league = League(scale=0.3, season=SEASON)
    schedules = Schedules(league, league.weekend().after, ages=AGES, most=MATCHES)
    with Modular11Site(schedules) as serving:
        yield serving


@pytest.fixture(scope="module")
def fetcher(chromium_settings: Settings) -> Iterator[Fetcher]:
    """One browser for all of them, which does not wait before it tries again."""
    opened = Fetcher(visits=Visits(chromium_settings, "modular11", sleep=lambda _: None))
    yield opened
    opened.close()


@pytest.fixture
def source(site: Modular11Site) -> Iterator[Modular11]:
    site.schedules.trouble_with(None)
    yield Modular11(site=site.url)
    site.schedules.trouble_with(None)


@pytest.fixture(scope="module")
def part(site: Modular11Site, fetcher: Fetcher) -> Part:
    """U14, planned while nothing was wrong."""
    site.schedules.trouble_with(None)
    (planned,) = Modular11(site=site.url).plan(scope("U14"), fetcher)
    return planned


def scope(*ages: str) -> Scope:
    return Scope(leagues=("homegrown",), age_groups=ages, season=SEASON)


def read(source: Modular11, asked: Scope, fetcher: Fetcher) -> dict[str, tuple[Part, Reading, list[Match]]]:
    """What each part says, by age group."""
    found = {}
    for part in source.plan(asked, fetcher):
        reading = source.parse(part, source.fetch(part, fetcher))
        rows = list(reading.matches)
        assert all(isinstance(row, Match) for row in rows), rows
        found[part.detail["age_group"]] = part, reading, [row for row in rows if isinstance(row, Match)]
    return found


def lists(site: Modular11Site) -> list[tuple[str, str]]:
    """The age id and page of each list that was asked for by a reader; the page's own request is for all ages."""
    asked = [parse_qs(request.query) for request in site.requests if request.path == LIST]
    return [(each["age"][0], each["open_page"][0]) for each in asked if "status" in each and each["age"][0] != "0"]


SURVIVED = [
    Trouble.CONSENT,
    Trouble.FRAMED,
    Trouble.RESTLESS,
    Trouble.RENUMBERED,
    Trouble.LABELS,
    Trouble.RED_ONCE,
    Trouble.BURST,
    Trouble.EXPIRED,
    Trouble.EXPIRED_REDIRECT,
    Trouble.GROWS,
    Trouble.MOVES,
]


@pytest.mark.parametrize("trouble", [None, *SURVIVED], ids=lambda trouble: trouble.value if trouble else "none")
def test_a_season_is_read_whole_and_without_doubles(
    site: Modular11Site, source: Modular11, fetcher: Fetcher, trouble: Trouble | None
) -> None:
    """Three age groups, each over 12 pages: every match that the site lists, each once, and the run may say so."""
    site.schedules.trouble_with(trouble)
    found = read(source, scope(), fetcher)
    assert tuple(found) == AGES
    for age, (_, reading, matches) in found.items():
        listed = site.schedules.rows(12, age)
        assert len(listed) == MATCHES + (25 if trouble is Trouble.GROWS else 0)
        assert Counter(match.match_id for match in matches) == Counter(str(row.number) for row in listed)
        assert {match.age_group for match in matches} == {age}
        assert reading.complete


def test_a_list_is_asked_for_page_by_page_and_no_more(site: Modular11Site, source: Modular11, fetcher: Fetcher) -> None:
    """From 1 to the site's own last page, each once."""
    site.forget()
    read(source, scope("U14"), fetcher)
    assert lists(site) == [("22", str(page)) for page in range(1, 13)]


LOST = [
    (Trouble.STUCK, PageChanged, "page 2: the site answers with page 1 of 12"),
    (Trouble.COPIES, PageChanged, "page 2: it lists the same matches as page 1"),
    (Trouble.RED, PageChanged, "page 5: the site says 'Something is wrong with this page.'"),
    (Trouble.NO_TOTAL, PageChanged, "page 1: a page with 25 matches does not say which page it is, and of how many"),
    (Trouble.WRONG_TOTAL, PageChanged, "page 1: a page says that it is 1 of 3 and links to page 12"),
    (Trouble.SHORT, PageChanged, "page 5: it has 20 matches where page 1 of 12 has 25"),
    (Trouble.GROWS_ON, PageChanged, "changed while it was read, twice: it said 13 pages, and then 14"),
    (Trouble.RENAMED, PageChanged, "page 1: an answer has neither matches nor a message that is known"),
    (Trouble.UNFILTERED, PageChanged, "page 1: .* matches are not what was asked for, U14 from 2026-08-01"),
    (Trouble.BLANK, PageChanged, "page 5: the site answers nothing at all"),
    (Trouble.LOGIN, PageChanged, "page 5: a whole page came instead of a list: 'Login | Modular Eleven'"),
    (Trouble.SHELL, PageChanged, "page 5: a whole page came instead of a list: 'Whoops, looks like"),
    (Trouble.DOWN, SiteUnreachable, "it answers 503"),
]


#: What the answer said that was not understood, and is kept with the page.
SHOWN = {
    Trouble.STUCK: "1 page out of 12",
    Trouble.RED: "Something is wrong with this page.",
    Trouble.LOGIN: "<title>Login | Modular Eleven</title>",
    Trouble.RENAMED: "match-line",
}


@pytest.mark.parametrize(("trouble", "error", "sentence"), LOST, ids=lambda said: getattr(said, "value", ""))
def test_what_cannot_be_read_is_said(
    site: Modular11Site,
    source: Modular11,
    fetcher: Fetcher,
    part: Part,
    trouble: Trouble,
    error: type[Exception],
    sentence: str,
) -> None:
    """Nothing of the part is handed on, and the sentence says on which page what was wrong."""
    site.schedules.trouble_with(trouble)
    with pytest.raises(error, match=sentence.replace("|", r"\|")) as caught:
        source.fetch(part, fetcher)
    if error is PageChanged:
        assert str(caught.value).startswith("homegrown-U14-2026-27")
        kept = Path(caught.value.hint.rpartition(" is kept in ")[2])
        assert (kept / "screenshot.png").stat().st_size > 5_000
        assert "js-age" in (kept / "frame-0.html").read_text()
        if trouble in SHOWN:
            assert any(SHOWN[trouble] in frame.read_text() for frame in kept.glob("frame-*.html"))


def test_selects_under_another_name_are_said(
    site: Modular11Site, source: Modular11, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No id is guessed where the page names none."""
    monkeypatch.setattr(selects, "PATIENCE", 1.0)
    site.schedules.trouble_with(Trouble.RENAMED_SELECTS)
    with pytest.raises(PageChanged, match=r"'Schedule \| Modular Eleven .*no age groups to choose from"):
        source.plan(scope("U14"), fetcher)


def test_nothing_is_an_empty_reading(site: Modular11Site, source: Modular11, fetcher: Fetcher) -> None:
    """`No data available.` is no change of the page, and nothing is concluded from it."""
    site.schedules.trouble_with(Trouble.NOTHING)
    ((_, reading, matches),) = read(source, scope("U14"), fetcher).values()
    assert matches == []
    assert not reading.complete


def test_a_list_that_keeps_moving_is_not_called_complete(
    site: Modular11Site, source: Modular11, fetcher: Fetcher
) -> None:
    """Two readings, and what both saw: each match once, and nothing that is missing is withdrawn."""
    site.schedules.trouble_with(Trouble.MOVES_ON)
    ((_, reading, matches),) = read(source, scope("U14"), fetcher).values()
    assert not reading.complete
    assert max(Counter(match.match_id for match in matches).values()) == 1
    assert {match.match_id for match in matches} == {str(row.number) for row in site.schedules.rows(12, "U14")}


def test_less_is_asked_of_the_site_where_less_is_wanted(
    site: Modular11Site, source: Modular11, fetcher: Fetcher
) -> None:
    """Days and divisions go into the question; what is left out by them is not called gone."""
    league = site.schedules.league
    name = next(fixture.bracket.name for fixture in planned(league, 12, "U14") if fixture.bracket)
    asked = Scope(("homegrown",), ("u14",), (name.upper(),), season=SEASON, date_from=date(2026, 10, 1))
    site.forget()
    ((_, reading, matches),) = read(source, asked, fetcher).values()
    assert matches
    assert {match.division for match in matches} == {name}
    assert min(match.date or "" for match in matches) >= "2026-10-01"
    assert not reading.complete
    question = parse_qs(next(request.query for request in site.requests if "groups%5B%5D" in request.query))
    assert question["groups[]"] == [str(41 + divisions(league, 12).index(name))]
    assert question["start_date"] == ["2026-10-01 00:00:00"]
    assert question["end_date"] == ["2027-07-31 23:59:59"]


@pytest.mark.parametrize(
    ("asked", "sentence", "hint"),
    [
        (Scope(("homegrown",), ("U14", "U18"), season=SEASON), "no age group 'U18'", "it has: U13, U14, U15"),
        (Scope(("homegrown",), (), ("Atlantis",), season=SEASON), "no division 'Atlantis'", "it has: "),
    ],
)
def test_what_the_page_does_not_offer_is_unknown(
    source: Modular11, fetcher: Fetcher, asked: Scope, sentence: str, hint: str
) -> None:
    """It is named, with what there is."""
    with pytest.raises(UnknownScope, match=sentence) as caught:
        source.plan(asked, fetcher)
    assert caught.value.hint.startswith(hint)
