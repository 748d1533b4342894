"""How often a part's pages are asked for, and what is made of a site that changes while it is read.

The pages are those of an invented visit, without a browser; tests/browser reads the replica with one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contract.errors import ConfigurationError, PermanentError
from contract.settings import SourceSettings
from ingest.errors import PageChanged, SiteRefused, UnknownScope
from ingest.http import Answer
from ingest.sources import Scope
from ingest.sources.modular11 import Modular11
from ingest.sources.modular11.asking import Question
from tests.unit.ingest.modular11 import NOTHING, SITE, answer, fragment, part, row

#: What stands for an answer: its HTML, or what is raised instead of one.
Said = str | Exception


class Visited:
    """A page that is open. `says` gives the answer for a page of the list and how often that was asked for before."""

    url = f"{SITE}/schedule?year=21"

    def __init__(self, says: Callable[[int, int], Said], html: str = "") -> None:
        self._says = says
        self._html = html
        self.asked: list[int] = []
        self.questions: list[dict[str, list[str]]] = []

    def html(self) -> Answer:
        return Answer(200, self._html.encode(), None, self.url, "text/html", datetime.now(UTC))

    def get(self, url: str) -> Answer:
        question = parse_qs(urlsplit(url).query, keep_blank_values=True)
        number = int(question["open_page"][0])
        said = self._says(number, self.asked.count(number))
        self.asked.append(number)
        self.questions.append(question)
        if isinstance(said, Exception):
            raise said
        return answer(said)


class Browsing:
    """Stands in for a fetcher: each visit is of the same page."""

    def __init__(self, page: Visited) -> None:
        self.page = page
        self.visits: list[str] = []

    def browse(self, url: str, work: Callable[[Any], Any]) -> Any:
        self.visits.append(url)
        return work(self.page)


class Kept(Visited):
    """The same as it was kept of an earlier run."""

    @property
    def page(self) -> Any:
        raise PermanentError("a kept page cannot be clicked")


def rows(page: int, count: int = 25, *, first: int = 0) -> list[str]:
    return [row(1000 * page + number) for number in range(first, count)]


def three_pages(number: int, _: int) -> str:
    """25, 25 and 4 matches."""
    return fragment(*rows(number, 25 if number < 3 else 4), page=number, total=3)


def read(says: Callable[[int, int], Said]) -> tuple[Browsing, list[str], bool]:
    """The visits, the numbers of all matches, and whether the list is complete."""
    browsing = Browsing(Visited(says))
    source = Modular11()
    reading = source.parse(part(), source.fetch(part(), browsing))  # type: ignore[arg-type]
    return browsing, [match.match_id or "" for match in reading.matches], reading.complete


def test_each_page_is_asked_for_once() -> None:
    """From 1 to the last, in one visit."""
    browsing, found, complete = read(three_pages)
    assert browsing.page.asked == [1, 2, 3]
    assert browsing.visits == [f"{SITE}/schedule?year=21"]
    assert len(found) == 54
    assert complete


def test_the_question_has_everything_that_the_site_wants() -> None:
    """SOURCES.md, section 2."""
    browsing, _, _ = read(three_pages)
    question = {name: values[0] for name, values in browsing.page.questions[0].items()}
    assert question == {
        "open_page": "1",
        "tournament": "12",
        "age": "22",
        "groups": "",
        "status": "all",
        "match_type": "2",
        "start_date": "2025-08-01 00:00:00",
        "end_date": "2026-07-31 23:59:59",
        "academy": "0",
        "gender": "0",
        "brackets": "",
        "group": "",
        "match_number": "0",
        "schedule": "0",
        "team": "0",
        "teamPlayer": "0",
        "location": "0",
        "as_referee": "0",
        "report_status": "0",
    }


def test_several_ids_are_asked_for_together() -> None:
    """Where a name stands in a select twice; and divisions in any case as a list."""
    question = Question.of({**part().detail, "ages": ["22", "122"], "groups": ["41", "77"]})
    asked = parse_qs(urlsplit(question.address(2)).query)
    assert (asked["age[]"], asked["groups[]"]) == (["22", "122"], ["41", "77"])
    assert "age" not in asked
    assert "groups" not in asked


WRONG = [
    pytest.param('<p style="color: red">Something is wrong.</p>', "the site says", id="red"),
    pytest.param("", "nothing at all", id="blank"),
    pytest.param(fragment(*rows(1), page=1, total=3), "answers with page 1 of 3", id="page 1"),
    pytest.param(fragment(*rows(1), page=2, total=3), "the same matches as page 1", id="a copy"),
    pytest.param(fragment(*rows(2, 24), page=2, total=3), "24 matches where page 1 of 3 has 25", id="short"),
    pytest.param(fragment(*rows(2, 26), page=2, total=3), "26 matches where page 1 of 3 has 25", id="long"),
    pytest.param(
        fragment(*[row(2000 + n, age="U15") for n in range(25)], page=2, total=3), "not what was asked for", id="U15"
    ),
    pytest.param(
        fragment(*[row(2000 + n, when="09/20/24 09:00am") for n in range(25)], page=2, total=3),
        "does not lie in the season 2025-26",
        id="last season",
    ),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_a_wrong_answer_is_asked_for_once_more(wrong: str, sentence: str) -> None:
    """What was an accident is forgotten; what stays is said, and with it on which page."""
    browsing, found, complete = read(
        lambda number, before: wrong if (number, before) == (2, 0) else three_pages(number, 0)
    )
    assert browsing.page.asked == [1, 2, 2, 3]
    assert len(set(found)) == 54
    assert complete

    page = Visited(lambda number, _: wrong if number == 2 else three_pages(number, 0))
    with pytest.raises(PageChanged, match=f"homegrown-U14-2025-26, page 2: .*{sentence}"):
        Modular11().fetch(part(), Browsing(page))  # type: ignore[arg-type]
    assert page.asked == [1, 2, 2]


OVER = [
    pytest.param(SiteRefused("it answers 401"), SiteRefused, "401", id="401"),
    pytest.param("<!doctype html><title>Login</title>", PageChanged, "page 2: a whole page .*'Login'", id="login"),
]


@pytest.mark.parametrize(("over", "error", "sentence"), OVER)
def test_a_session_that_is_over_is_begun_once_more(over: Said, error: type[Exception], sentence: str) -> None:
    """The rest is read in a second visit; a third there is not."""
    browsing, found, complete = read(
        lambda number, before: over if (number, before) == (2, 0) else three_pages(number, 0)
    )
    assert browsing.page.asked == [1, 2, 2, 3]
    assert len(browsing.visits) == 2
    assert len(set(found)) == 54
    assert complete

    browsing = Browsing(Visited(lambda number, _: over if number == 2 else three_pages(number, 0)))
    with pytest.raises(error, match=sentence):
        Modular11().fetch(part(), browsing)  # type: ignore[arg-type]
    assert len(browsing.visits) == 2


def test_another_number_of_pages_is_read_from_the_start_once() -> None:
    """What was read of the first reading is not mixed with the second."""

    def grows(number: int, before: int) -> str:
        total = 3 if (number, before) == (1, 0) else 4
        return fragment(*rows(number, 25 if number < 4 else 4), page=number, total=total)

    browsing, found, complete = read(grows)
    assert browsing.page.asked == [1, 2, 1, 2, 3, 4]
    assert len(found) == len(set(found)) == 79
    assert complete


def test_a_match_on_two_pages_has_the_list_read_once_more() -> None:
    """It has moved, so another one may have slipped from a page that was not read yet to one that was."""

    def moves(number: int, before: int) -> str:
        if (number, before) == (2, 0):
            return fragment(row(1003), *rows(2, first=1), page=2, total=3)
        return three_pages(number, 0)

    browsing, found, complete = read(moves)
    assert browsing.page.asked == [1, 2, 3, 1, 2, 3]
    assert len(set(found)) == 54
    assert complete


def test_what_two_readings_of_a_moving_list_saw_is_put_together() -> None:
    """Each match once, and nobody says that it is all of them."""

    def keeps_moving(number: int, before: int) -> str:
        if number == 2:
            return fragment(row(1003 + before), *rows(2, first=1), page=2, total=3)
        return three_pages(number, 0)

    browsing, found, complete = read(keeps_moving)
    assert browsing.page.asked == [1, 2, 3, 1, 2, 3]
    assert len(found) == len(set(found)) == 53
    assert not complete


def test_a_list_that_is_shorter_than_it_said_is_read_once_more() -> None:
    """A last page that is gone is no end of it."""

    def shrinks(number: int, before: int) -> str:
        if number == 3:
            return NOTHING
        return fragment(*rows(number), page=number, total=3 if not before else 2)

    browsing, found, complete = read(shrinks)
    assert browsing.page.asked == [1, 2, 3, 1, 2]
    assert len(found) == 50
    assert complete


def test_a_site_that_changes_twice_is_given_up() -> None:
    """With a sentence that says what changed."""
    page = Visited(lambda number, before: fragment(*rows(number), page=number, total=3 + number + 2 * before))
    with pytest.raises(PageChanged, match="changed while it was read, twice: it said 6 pages, and then 7"):
        Modular11().fetch(part(), Browsing(page))  # type: ignore[arg-type]


def test_one_odd_row_is_a_reject_and_no_change() -> None:
    """Alone on its page, too."""
    odd = row("none")
    _, found, complete = read(lambda *_: fragment(odd))
    assert found == [""]
    assert complete  # the run takes it back: a part with rejects is not complete


def test_nothing_at_all_is_one_question() -> None:
    """No match, and not complete."""
    browsing, found, complete = read(lambda *_: NOTHING)
    assert (browsing.page.asked, found, complete) == ([1], [], False)


def test_pages_that_were_kept_are_read_without_a_browser() -> None:
    """Days later, by `touchline reparse`: the same questions, and the same sentences where something is wrong."""
    kept = Browsing(Kept(three_pages))
    assert len(Modular11().fetch(part(), kept)) == 3  # type: ignore[arg-type]
    with pytest.raises(PageChanged, match="page 1: the site answers nothing at all"):
        Modular11().fetch(part(), Browsing(Kept(lambda *_: "")))  # type: ignore[arg-type]


# Planning.

PAGE = """<title>Schedule</title><select js-age><option value="0">All</option><option value="22">U14</option>
<option value="33"> U15 </option></select><select js-groups><option value="41">Northeast</option>
<option value="42">Mid-Atlantic</option><option value="77">Northeast</option></select>"""


def plan(scope: Scope, html: str = PAGE, **settings: Any) -> tuple[Browsing, list[Any]]:
    browsing = Browsing(Visited(three_pages, html))
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
    browsing = Browsing(Visited(three_pages, official))

    def browse(url: str, work: Callable[[Any], Any]) -> Any:
        browsing.visits.append(url)
        return work(Visited(three_pages, official if len(browsing.visits) == 1 else PAGE))

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
