"""The replica of modular11's site: like the real one where that hurts (SOURCES.md, section 2)."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from touchline.demo.league import League
from touchline.demo.modular11 import Reply, Schedules, Trouble
from touchline.demo.modular11.schedules import LIST
from touchline.demo.site import DemoSite

SAMPLE = Path(__file__).parents[3].parent / "shared" / "feeds" / "modular11.get_matches.page-1.html"

ASKED: Final = {
    "tournament": 12,
    "age": 33,
    "status": "all",
    "match_type": 2,
    "open_page": 1,
    "start_date": "2026-08-01 00:00:00",
    "end_date": "2027-07-31 23:59:59",
}


@pytest.fixture(scope="module")
def league() -> League:
    return League(scale=0.1)


@pytest.fixture
def schedules(league: League) -> Schedules:
    return Schedules(league, league.weekend().after)


def ask(schedules: Schedules, **said: object) -> Reply:
    """An answer of `get_matches` to a page that has just been opened."""
    page = schedules.answer("/schedule", "", origin="http://demo")
    assert page is not None
    (cookie,) = SimpleCookie(page.headers["Set-Cookie"]).values()
    reply = schedules.answer(
        LIST,
        urlencode(ASKED | said),
        origin="http://demo",
        cookies=f"{cookie.key}={cookie.value}",
        requested_with="XMLHttpRequest",
    )
    assert reply is not None
    return reply


def text(reply: Reply) -> str:
    return reply.body.decode()


def skeleton(node: LexborNode) -> tuple[object, ...]:
    """Tags, classes and names of attributes, all the way down."""
    # the real text of a division or a score may be empty; the structure is there all the same
    attributes = sorted(node.attributes)
    return node.tag, node.attributes.get("class"), tuple(attributes), tuple(skeleton(child) for child in node.iter())


def test_a_row_is_built_as_the_real_one(schedules: Schedules) -> None:
    """Every element, class and attribute of the wide copy; and a narrow one beside it."""
    if not SAMPLE.is_file():
        pytest.skip("the sample feeds are not beside this checkout")
    real, ours = (LexborHTMLParser(source) for source in (SAMPLE.read_text(encoding="utf-8"), text(ask(schedules))))
    for selector in (".table-content-row.hidden-xs", ".current-pages", ".pagination li"):
        assert skeleton(ours.css(selector)[0]) == skeleton(real.css(selector)[0])
    assert len(ours.css(".table-content-row.hidden-xs")) == len(real.css(".table-content-row.hidden-xs")) == 25
    assert len(ours.css(".visible-xs")) == len(real.css(".visible-xs")) == 25


def test_what_bites_is_there(schedules: Schedules) -> None:
    """Blanks that do not break, cut names, shoot-outs, TBD, 0-0, no kick-off, crests without an id."""
    last = int(re.findall(r"page out of (\d+)", text(ask(schedules)))[0])
    everything = "".join(text(ask(schedules, open_page=page)) for page in range(1, last + 1))
    for pattern in (
        r"\d&nbsp;:&nbsp;\d<",
        r"(\d)&nbsp;:&nbsp;\1&nbsp;\(\d&nbsp;:&nbsp;\d\)",
        r">TBD<",
        r">0&nbsp;:&nbsp;0",
        r"\d\d/\d\d/\d\d 12:00am",
        r"\d\d/\d\d/\d\d \d\d:\d\dpm",
        r'<p data-title="([^"]{10})[^"]+">\1</p>',
        r"/academy//",
    ):
        assert re.search(pattern, everything), pattern


def test_page_0_is_page_1(schedules: Schedules) -> None:
    """And says so."""
    assert ask(schedules, open_page=0).body == ask(schedules, open_page=1).body != ask(schedules, open_page=2).body


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"status": "played"}, "The selected status is invalid."),
        ({"match_type": ""}, "The match_type field is required."),
        ({"tournament": 99}, "The selected tournament is invalid."),
    ],
)
def test_a_wrong_question_is_answered_in_red(schedules: Schedules, said: dict[str, object], sentence: str) -> None:
    """With status 200."""
    reply = ask(schedules, **said)
    assert reply.status == 200
    assert sentence in text(reply)
    assert "color: red" in text(reply)


def test_filters_are_obeyed(schedules: Schedules) -> None:
    """Days and divisions; nothing found is a sentence of some 70 bytes."""
    reply = ask(schedules, start_date="2026-12-01 00:00:00")
    days = re.findall(r'col-sm-2">(\d\d)/\d\d/(\d\d) ', text(reply))
    assert days
    assert all((year, month) >= ("26", "12") for month, year in days)
    groups = re.findall(r'js-match-group="([^"]+)"', text(ask(schedules, **{"groups[]": 41})))
    assert len(set(groups)) <= 1
    nothing = ask(schedules, age=999)
    assert text(nothing) == '<div class="text-center"><p>No data available.</p></div>'


@pytest.mark.parametrize("requested_with", ["", "XMLHttpRequest"])
def test_without_a_session_there_is_only_the_login(schedules: Schedules, requested_with: str) -> None:
    """Nor for who has one and is no page."""
    cookies = "" if requested_with else "PHPSESSID=s1"
    schedules.answer("/schedule", "", origin="http://demo")
    reply = schedules.answer(
        LIST, urlencode(ASKED), origin="http://demo", cookies=cookies, requested_with=requested_with
    )
    assert reply is not None
    assert (reply.status, reply.headers["Location"]) == (302, "/login")


def test_ids_can_be_renumbered(schedules: Schedules) -> None:
    """Then last season's are unknown."""
    schedules.trouble_with(Trouble.RENUMBERED)
    page = schedules.answer("/schedule", "", origin="http://demo")
    assert page is not None
    assert '<option value="733">U15</option>' in text(page)
    assert "No data available." in text(ask(schedules))
    assert "page out of" in text(ask(schedules, age=733))


def test_the_demos_site_serves_the_pages_too(league: League) -> None:
    """Under the paths that they have on the real site, as of the moment that is shown."""
    weekend = league.weekend()
    with DemoSite(league, weekend.before) as site:
        with urlopen(f"{site.url}/schedule?year=21") as page:
            assert "select" in page.read().decode()
            cookie = page.headers["Set-Cookie"].partition(";")[0]

        def listed() -> str:
            question = Request(
                f"{site.url}{LIST}?{urlencode(ASKED | {'start_date': f'{weekend.saturday} 00:00:00'})}",
                headers={"Cookie": cookie, "X-Requested-With": "XMLHttpRequest"},
            )
            with urlopen(question) as answer:
                return str(answer.read().decode())

        before = listed()
        site.show(weekend.after)
        assert before.count(">TBD<") > listed().count(">TBD<")
        assert [request.path.partition("?")[0] for request in site.requests] == ["/schedule", LIST, LIST]
