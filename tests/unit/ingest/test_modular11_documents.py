"""What the pages of a part say together, and which answers are no pages at all."""

from __future__ import annotations

from datetime import UTC

import pytest

from ingest.errors import PageChanged
from ingest.models import Match
from ingest.sources.modular11 import Modular11
from tests.unit.ingest.modular11 import ASKED_AT, NOTHING, answer, fragment, part, row


def test_a_match_on_two_pages_is_one_match_as_it_was_seen_last() -> None:
    """It moved while the list was read; of such a list nobody says that it is complete."""
    documents = [
        answer(fragment(row(1), row(2), page=1, total=2)),
        answer(fragment(row(2, score="4 : 4"), row(3), page=2, total=2)),
    ]
    reading = Modular11().parse(part(), documents)
    found = {match.match_id: match for match in reading.matches}
    assert list(found) == ["1", "2", "3"]
    assert isinstance(found["2"], Match)
    assert found["2"].home_score == 4
    assert not reading.complete


@pytest.mark.parametrize(
    ("documents", "narrowed", "complete"),
    [
        ([(1, 2), (2, 2)], False, True),
        ([(1, 2)], False, False),
        ([(2, 2)], False, False),
        ([(1, 2), (2, 3)], False, False),
        ([(1, 2), (2, 2)], True, False),
    ],
)
def test_complete_is_a_list_from_its_first_page_to_its_last(
    documents: list[tuple[int, int]], narrowed: bool, complete: bool
) -> None:
    """Of which nothing was left out."""
    answers = [answer(fragment(row(page), page=page, total=total)) for page, total in documents]
    assert Modular11().parse(part(narrowed=narrowed), answers).complete is complete


def test_nothing_is_nothing_and_not_complete() -> None:
    """What was there before is not gone by it."""
    reading = Modular11().parse(part(), [answer(NOTHING)])
    assert list(reading.matches) == []
    assert not reading.complete


def test_the_oldest_answer_says_when_it_was_so() -> None:
    """Something that changed while the list was read must not look older than it is."""
    later = ASKED_AT.replace(hour=13)
    answers = [answer(fragment(row(1), page=1, total=2), asked_at=later), answer(fragment(row(2), page=2, total=2))]
    assert Modular11().parse(part(), answers).observed_at == f"{ASKED_AT.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "nothing at all"),
        ("<p>Hello</p>", "neither matches nor a message that is known; it begins with 'Hello'"),
        ('<p style="color:red">The selected status is invalid.</p>', "the site says 'The selected status is invalid.'"),
        ('<font color="red">Session error</font>', "the site says 'Session error'"),
        ('<p class="text-danger">The match_type field is required.</p>', "the site says 'The match_type field"),
        ("<!doctype html><title>Login</title>", "no list of matches: 'Login'"),
        (fragment(row(1), row(2)).replace("current-pages", "pages-now"), "does not say which page it is"),
        (fragment(row(1), page=3, total=2), "says that it is 3 of 2"),
        (fragment(row(1), page=1, total=2).replace("1 page out of 2", "1 page out of 1"), "links to page 2"),
        ("<p>No data available in your region, sorry.</p>", "neither matches nor a message that is known"),
        (fragment(row(1), row(2)).replace("-first-team", "-home"), "2 of 2 rows of a page cannot be read"),
    ],
)
def test_a_page_that_has_changed_is_told_from_one_without_matches(text: str, sentence: str) -> None:
    """Whatever is not known is an error, and never an empty list."""
    with pytest.raises(PageChanged, match=sentence):
        Modular11().parse(part(), [answer(text)])
