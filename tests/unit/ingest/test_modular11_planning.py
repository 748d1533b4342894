"""Which parts a run has, by what the leagues' pages offer; and how leagues and clocks are configured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.settings import SourceSettings
from ingest.errors import PageChanged, SiteRefused, UnknownScope
from ingest.sources import Scope
from ingest.sources.modular11 import Modular11
from tests.unit.ingest.modular11 import NOTHING, SITE, Browsing, Visited

PAGE = """<title>Schedule</title><select js-age><option value="0">All</option><option value="22">U14</option>
<option value="33"> U15 </option></select><select js-groups><option value="41">Northeast</option>
<option value="42">Mid-Atlantic</option><option value="77">Northeast</option></select>"""


def nothing(*_: int) -> str:
    """No list is asked for while a run is planned."""
    return NOTHING


def plan(scope: Scope, html: str = PAGE, **settings: Any) -> tuple[Browsing, list[Any]]:
    browsing = Browsing(Visited(nothing, html))
    source = Modular11.make(SourceSettings(**settings))
    return browsing, list(source.plan(scope, browsing))  # type: ignore[arg-type]


def test_a_part_is_an_age_group_of_a_league() -> None:
    """As the page's own selects have them; without a league all that are configured."""
    browsing, parts = plan(Scope(season="2025-26"))
    assert [each.name for each in parts] == [
        f"{league}-{age}-2025-26" for league in ("homegrown", "academy", "elite-academy") for age in ("U14", "U15")
    ]
    assert browsing.visits == [
        f"{SITE}/schedule?year=21",
        f"{SITE}/league-schedule/mls-next-academy-division",
        f"{SITE}/league-schedule/elite-academy-league",
    ]
    assert [each.detail["tournament"] for each in parts] == [12, 12, 35, 35, 27, 27]
    assert [each.detail["ages"] for each in parts[:2]] == [["22"], ["33"]]


def test_days_and_divisions_narrow_the_question() -> None:
    """All ids of a division's name; days only as far as the season goes."""
    scope = Scope(("homegrown",), ("U14",), ("northeast",), season="2025-26", date_from=date(2026, 5, 1))
    _, (only,) = plan(scope)
    assert only.detail["groups"] == ["41", "77"]
    assert (only.detail["first"], only.detail["last"]) == ("2026-05-01", "2026-07-31")
    assert only.detail["narrowed"]


def test_a_frame_is_followed_to_its_schedule() -> None:
    """It waits for consent in `data-src`; where it is, matches are asked for."""
    official = '<iframe src="about:blank"></iframe><iframe data-src="https://m11.example/league-schedule/x"></iframe>'
    browsing = Browsing(Visited(nothing, official))

    def browse(url: str, work: Callable[[Any], Any]) -> Any:
        browsing.visits.append(url)
        return work(Visited(nothing, official if len(browsing.visits) == 1 else PAGE))

    browsing.browse = browse  # type: ignore[method-assign]
    (first, _) = Modular11().plan(Scope(("homegrown",), season="2025-26"), browsing)  # type: ignore[arg-type]
    assert first.detail["page"] == "https://m11.example/league-schedule/x"
    assert first.detail["endpoint"] == "https://m11.example/public_schedule/league/get_matches"


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        (Scope(("serie-a",)), "modular11 has no league 'serie-a'"),
        (Scope((), ("U18",), season="2025-26"), "no age group 'U18'"),
        (Scope((), (), ("Atlantis",), season="2025-26"), "no division 'Atlantis'"),
        (Scope(season="2025-26", date_from=date(2027, 1, 1)), "do not lie in the season 2025-26"),
    ],
)
def test_what_is_not_there_is_unknown(scope: Scope, sentence: str) -> None:
    """It is named, with what there is in the hint."""
    with pytest.raises(UnknownScope, match=sentence) as caught:
        plan(scope)
    assert caught.value.hint


def test_a_page_without_selects_has_changed() -> None:
    """Never an empty plan, and never ids of ours."""
    with pytest.raises(PageChanged, match="'Sign in', has no age groups to choose from"):
        plan(Scope(season="2025-26"), "<title>Sign in</title><select js-age><option value='0'>All</option></select>")


def test_a_league_whose_page_cannot_be_read_fails_alone() -> None:
    """The others are read; it is a part by itself, which says why."""

    def offered(url: str, work: Callable[[Any], Any]) -> Any:
        if "academy-division" in url:
            raise SiteRefused("it answers 404")
        return work(Visited(nothing, PAGE))

    browsing = Browsing(Visited(nothing))
    browsing.browse = offered  # type: ignore[method-assign]
    source = Modular11()
    parts = source.plan(Scope(season="2025-26"), browsing)  # type: ignore[arg-type]
    assert [each.name for each in parts if each.league == "academy"] == ["academy-2025-26"]
    assert len(parts) == 5
    with pytest.raises(SiteRefused, match="404"):
        source.fetch(parts[-1], browsing)  # type: ignore[arg-type]
    with pytest.raises(SiteRefused, match="404"):
        source.plan(Scope(("academy",), season="2025-26"), browsing)  # type: ignore[arg-type]


def test_leagues_are_configured_by_number_or_with_their_page() -> None:
    """A bare number keeps the page that is known for it."""
    browsing, parts = plan(
        Scope(season="2025-26", age_groups=("U14",)),
        url="https://mirror.example/",
        tournaments={"ea": 27, "usl": {"id": 24, "page": "/league-schedule/usl"}, "other": 99},
    )
    assert [(each.league, each.detail["tournament"]) for each in parts] == [("ea", 27), ("usl", 24), ("other", 99)]
    assert browsing.visits == [
        "https://mirror.example/league-schedule/elite-academy-league",
        "https://mirror.example/league-schedule/usl",
        "https://mirror.example/schedule?year=21",
    ]
    assert parts[0].detail["endpoint"] == "https://mirror.example/public_schedule/league/get_matches"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"timezone": "New York"}, "sources.modular11.timezone: .*'New York' is not a time zone"),
        ({"timezones": {"West": "America/Nowhere"}}, "sources.modular11.timezones.West: .*not a time zone"),
        ({"tournaments": {"Home Grown": 12}}, "sources.modular11.tournaments"),
        ({"tournaments": {"homegrown": "twelve"}}, "sources.modular11.tournaments.homegrown"),
        ({"tournaments": {}}, "sources.modular11.tournaments"),
        ({"tournament": 12}, "sources.modular11.tournament: "),
        ({"url": "modular11.com"}, "is not an http"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], sentence: str) -> None:
    """With the key that is wrong."""
    with pytest.raises(ConfigurationError, match=sentence):
        Modular11.make(SourceSettings(**settings))
