"""How often a part's pages are asked for, and what is made of a site that changes while it is read.

The pages are those of an invented visit, without a browser; tests/browser reads the replica with one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contract.errors import PermanentError
from ingest.errors import PageChanged, SiteRefused
from ingest.sources.modular11 import Modular11
from ingest.sources.modular11.asking import Question
from tests.unit.ingest.modular11 import NOTHING, SITE, Browsing, Said, Visited, fragment, part, row


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
