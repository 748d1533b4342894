"""Which feed of which league is read as which season: what the page loads, beside the calendar and what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.season import Season
from ingest.sources.mlsnext.keys import PAGES, TEMPLATES, choose, host_of_feed, is_key, key_in, season_of, template

VIEWER = "https://viewer.example"
HOMEGROWN, ACADEMY = PAGES.values()
LEAGUE, FLEX, SECOND = "mls-next-league-26-27", "mls-next-flex-26-27", "mls-next-2-academy-division-26-27"
NOW, NEXT, LAST = Season(2026), Season(2027), Season(2025)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (f"{VIEWER}/data/schedule/{LEAGUE}.json", LEAGUE),
        (f"{VIEWER}/data/standings/{LEAGUE}.json?v=17#top", LEAGUE),
        (f"{VIEWER}:443/data/schedule/{LEAGUE}.json", LEAGUE),
        (f"{VIEWER}/data/schedule/27.json", "27"),
        # another host, or what only looks like ours
        (f"https://other.example/data/schedule/{LEAGUE}.json", None),
        (f"https://viewer.example.evil.example/data/schedule/{LEAGUE}.json", None),
        (f"https://viewer.example@evil.example/data/schedule/{LEAGUE}.json", None),
        (f"http://viewer.example/data/schedule/{LEAGUE}.json", None),
        (f"{VIEWER}:8443/data/schedule/{LEAGUE}.json", None),
        (f"{VIEWER}:port/data/schedule/{LEAGUE}.json", None),
        # another document
        (f"{VIEWER}/data/teams/{LEAGUE}.json", None),
        (f"{VIEWER}/old/data/schedule/{LEAGUE}.json", None),
        (f"{VIEWER}/data/schedule/{LEAGUE}.html", None),
        # no key
        (f"{VIEWER}/data/schedule/../../etc/passwd.json", None),
        (f"{VIEWER}/data/schedule/%2e%2e%2fx.json", None),
        (f"{VIEWER}/data/schedule/.json", None),
        (f"{VIEWER}/data/schedule/-x.json", None),
        (f"{VIEWER}/data/schedule/Mls-Next.json", None),
        (f"{VIEWER}/data/schedule/mls–next.json", None),
        (f"{VIEWER}/data/schedule/{'a' * 81}.json", None),
        ("https://[::1/data/schedule/a.json", None),
        ("data:application/json,{}", None),
        ("", None),
    ],
)
def test_a_key_is_taken_from_the_viewers_feeds_alone(address: str, key: str | None) -> None:
    """Host, path and shape of the key are all as they must be, or nothing is learned."""
    assert key_in(address, VIEWER) == key


@given(st.text())
def test_no_address_breaks_anything(text: str) -> None:
    """Whatever a page asks for, and whatever follows a feed's path: a key, or none."""
    for address in (text, f"{VIEWER}/data/schedule/{text}.json", f"https://{text}/data/schedule/a.json"):
        key = key_in(address, VIEWER)
        assert key is None or is_key(key)
        host_of_feed(address)


def test_a_viewer_may_have_a_path_and_a_login() -> None:
    """A mirror under a path: its feeds are those below it."""
    mirror = "http://me:secret@mirror.example/mls/"
    assert key_in(f"http://mirror.example/mls/data/schedule/{LEAGUE}.json", mirror) == LEAGUE
    assert key_in(f"http://mirror.example/data/schedule/{LEAGUE}.json", mirror) is None


def test_feeds_of_others_are_known_by_their_host() -> None:
    """What a notice may say of them has no login, and no path."""
    assert host_of_feed(f"https://me:secret@new.example:8443/v2/data/schedule/{LEAGUE}.json?x") == (
        "https://new.example:8443"
    )
    for other in (f"ftp://a/data/schedule/{LEAGUE}.json", "https://a/data/teams/x.json", "data:,x", "https://[x"):
        assert host_of_feed(other) is None


@pytest.mark.parametrize(
    ("key", "year"),
    [
        (LEAGUE, 2026),
        (SECOND, 2026),
        ("27-28-mls-next", 2027),
        ("mls-next-2027-28", 2027),
        ("mls-next-2027-2028-league", 2027),
        ("u13-14-league-26-27", 2026),
        ("league-99-00", 2099),
        ("mls-next-league", None),
        ("mls-next-2027", None),
        ("mls-next-26-28", None),
        ("mls-next-126-27", None),
        ("mls-next-2728", None),
    ],
)
def test_the_season_is_in_the_keys_years(key: str, year: int | None) -> None:
    """Two years that follow each other, with two digits or four; the last such pair."""
    assert season_of(key) == (None if year is None else Season(year))


@given(st.integers(2020, 2098), st.sampled_from(sorted(TEMPLATES)))
def test_a_templates_key_says_its_season(year: int, league: str) -> None:
    """So that nothing is made up for a key that the template has made."""
    assert season_of(template(league, Season(year))) == Season(year)


CASES = {
    # what the page loads, the season asked for, what is read of homegrown and as which season, words of the notice
    "as the template says": ([LEAGUE, FLEX], None, LEAGUE, NOW, ""),
    "the season asked for by name": ([LEAGUE, FLEX], NOW, LEAGUE, NOW, ""),
    "another shape": (["next-hg-26-27"], None, "next-hg-26-27", NOW, f"next-hg-26-27 for homegrown, not {LEAGUE}"),
    "no years": (["next-hg"], None, "next-hg", NOW, "next-hg for homegrown"),
    "no years, season by name": (["next-hg"], NOW, "next-hg", NOW, "next-hg for homegrown"),
    "no years, another season": (["next-hg"], NEXT, "mls-next-league-27-28", NEXT, ""),
    "rolled over in July": (["mls-next-league-27-28"], None, "mls-next-league-27-28", NEXT, "shows season 2027-28"),
    "rolled over to another shape": (["hg-27-28"], None, "hg-27-28", NEXT, "hg-27-28 for homegrown"),
    "not yet rolled over": (["mls-next-league-25-26"], None, "mls-next-league-25-26", LAST, "shows season 2025-26"),
    "rolled over, and asked for the old": (["mls-next-league-27-28"], NOW, LEAGUE, NOW, ""),
    "the next season asked for": (["mls-next-league-27-28"], NEXT, "mls-next-league-27-28", NEXT, ""),
    "the next asked for, not there": ([LEAGUE], NEXT, "mls-next-league-27-28", NEXT, ""),
    "both seasons": (["mls-next-league-27-28", LEAGUE], None, LEAGUE, NOW, ""),
    "last and next season": (["hg-25-26", "hg-27-28"], None, "hg-27-28", NEXT, "hg-27-28 for homegrown"),
    "a season far away": (["mls-next-league-22-23"], None, LEAGUE, NOW, "which is not homegrown of 2026-27"),
    "another feed beside it": (["mls-next-cup-26-27", LEAGUE], None, LEAGUE, NOW, ""),
    "two that may be it": (["hg-26-27", "cup-26-27"], None, LEAGUE, NOW, "each of which may be homegrown"),
    "other leagues' alone": ([FLEX, SECOND], None, LEAGUE, NOW, "which is not homegrown"),
    "nothing": ([], None, LEAGUE, NOW, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_page_is_the_truth_and_the_template_the_fallback(name: str) -> None:
    """Each line of the table at the head of the module, with today in the season 2026-27."""
    loaded, asked, key, season, notice = CASES[name]
    choice = choose(HOMEGROWN, loaded, asked, calendar=NOW)["homegrown"]
    assert (choice.key, choice.season) == (key, season)
    assert choice.loaded == (key in loaded)
    assert notice in choice.notice
    assert bool(choice.notice) == bool(notice)


@pytest.mark.parametrize(
    ("loaded", "flex", "said"),
    [
        ([LEAGUE, FLEX], FLEX, False),
        (["hg-26-27", "flex-26-27"], "flex-26-27", True),
        ([LEAGUE], FLEX, False),
        (["mls-next-league-27-28"], "mls-next-flex-27-28", False),
        (["next-hg"], FLEX, False),
        ([], FLEX, False),
    ],
)
def test_flex_goes_with_its_page(loaded: list[str], flex: str, said: bool) -> None:
    """By its word; where the page does not load it, by the template with the page's season, and nothing is said."""
    choice = choose(HOMEGROWN, loaded, None, calendar=NOW)["flex"]
    assert (choice.key, bool(choice.notice)) == (flex, said)


@pytest.mark.parametrize(
    ("loaded", "academy"),
    [([SECOND], SECOND), (["mls-next-2-26-27"], "mls-next-2-26-27"), ([LEAGUE, SECOND], SECOND), ([FLEX], SECOND)],
)
def test_academy_is_known_by_its_word_or_its_page(loaded: list[str], academy: str) -> None:
    """A key without the word that the academy's page loads is the academy's, unless there is one with it."""
    assert choose(ACADEMY, loaded, None, calendar=NOW)["academy"].key == academy
