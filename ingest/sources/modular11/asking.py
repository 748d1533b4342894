"""The pages of one part, asked for until the site's own "3 page out of 12" is fulfilled.

Pagination is where everybody who reads this site was deceived (SOURCES section 2), so nothing is believed: each answer
has to be the page that was asked for, of as many as before, with as many rows as the first and other matches than the
last one.

    an answer is wrong (red text, empty, another page, short)     the page once more; then the part has failed
    4xx, or a whole page instead of a fragment                    the session may be over: visit the page once more
    the number of pages changes, or a match stands on two pages   the list moved while it was read: once from the start

Of a list that moved again, what both readings saw is handed on, and it is not called complete: where a match moved from
one page to another, another one may have slipped past us.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlencode

import structlog

from ingest.answers import Answer
from ingest.errors import PageChanged, SiteRefused
from ingest.models import Match
from ingest.sources import Reject
from ingest.sources.modular11 import pages, selects
from ingest.sources.modular11.pages import Empty, Page

if TYPE_CHECKING:
    from ingest.browser.page import SitePage

log = structlog.get_logger()

#: Below the site's address.
ENDPOINT: Final = "/public_schedule/league/get_matches"

#: Asked for in every case; what the page itself asks for where nothing is chosen.
_ALWAYS: Final = {
    "status": "all",
    "match_type": 2,
    "academy": 0,
    "gender": 0,
    "brackets": "",
    "group": "",
    "match_number": 0,
    "schedule": 0,
    "team": 0,
    "teamPlayer": 0,
    "location": 0,
    "as_referee": 0,
    "report_status": 0,
}

#: Nothing in the frame runs.
_EXHIBIT: Final = """
html => {
  const frame = document.createElement("iframe");
  frame.title = "the answer that was not understood";
  frame.sandbox = "";
  frame.style.cssText = "display: block; width: 100%; height: 640px; border: 4px solid red; background: white";
  return new Promise(shown => {
    frame.onload = () => shown();
    setTimeout(shown, 2000);
    frame.srcdoc = html;
    document.body.prepend(frame);
  });
}
"""

_AGE: Final = re.compile(r"U\d{1,2}", re.ASCII)

#: How often a page is asked for whose answer is wrong.
_WRONG: Final = 2


@dataclass(frozen=True, slots=True)
class Question:
    """What a part asks for, as JSON in its `detail`. Days are inclusive; no `groups` means all of them."""

    #: The schedule page, which starts the session, and where its list is asked for.
    page: str
    endpoint: str
    tournament: int
    age_group: str
    ages: tuple[str, ...]
    groups: tuple[str, ...]
    first: str
    last: str
    #: Whether something of the part is left out.
    narrowed: bool

    @classmethod
    def of(cls, detail: dict[str, Any]) -> Self:
        return cls(**{**detail, "ages": tuple(detail["ages"]), "groups": tuple(detail["groups"])})

    def detail(self) -> dict[str, Any]:
        return {**asdict(self), "ages": list(self.ages), "groups": list(self.groups)}

    def address(self, page: int) -> str:
        """Where page `page`, counted from 1, is asked for. The site takes 0 for 1 and says nothing."""
        asked: list[tuple[str, object]] = [("open_page", page), ("tournament", self.tournament)]
        asked += [("age", self.ages[0])] if len(self.ages) == 1 else [("age[]", age) for age in self.ages]
        asked += [("groups[]", group) for group in self.groups] or [("groups", "")]
        asked += [("start_date", f"{self.first} 00:00:00"), ("end_date", f"{self.last} 23:59:59"), *_ALWAYS.items()]
        return f"{self.endpoint}?{urlencode(asked)}"

    def fits(self, match: Match) -> bool:
        """Whether a match is one that was asked for; an age group of another kind than `U14` says nothing."""
        aged = match.age_group == self.age_group or not _AGE.fullmatch(self.age_group)
        return aged and self.first <= (match.date or "") <= self.last


class _Moved(Exception):
    """The listing is another one than when its reading began."""


class _SessionOver(Exception):
    """The site does not answer the page any more as it did; `error` is what to say if that stays so."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Asking:
    """Reads one part, in one visit of its page or in two. `answers` is what to hand on when `go_on` says True."""

    def __init__(
        self, name: str, question: Question, judge: Callable[[Answer, Page], Sequence[Match | Reject]]
    ) -> None:
        """`judge` makes matches and rejects of a page's rows."""
        self._name = name
        self._question = question
        self._judge = judge
        self._answers: list[Answer] = []
        self._pages: list[Page] = []
        #: Of the reading before this one, where the listing moved.
        self._before: list[Answer] = []
        self._restarted = False
        self._reopened = False

    @property
    def answers(self) -> list[Answer]:
        return self._before + self._answers

    def go_on(self, page: SitePage) -> bool:
        """Read what is not read yet; False where the page has to be opened anew for the rest.

        Raises PageChanged, SiteRefused, SiteUnreachable and TooLarge.
        """
        while True:
            try:
                self._to_the_end(page)
                moved = self._doubles()
                if moved is None:
                    self._before = []
                    return True
                if self._restarted:
                    log.warning("listing_keeps_moving", part=self._name, reason=moved)
                    return True
                self._restart(moved)
            except _Moved as error:
                if self._restarted:
                    raise PageChanged(
                        f"{self._name} changed while it was read, twice: {error}", hint="run again later"
                    ) from None
                self._restart(str(error))
            except _SessionOver as over:
                if self._reopened:
                    raise over.error from None
                log.info("session_over", part=self._name, page=len(self._pages) + 1, reason=str(over))
                self._reopened = True
                return False

    def _restart(self, reason: str) -> None:
        log.info("listing_moved", part=self._name, reason=reason)
        self._restarted = True
        self._before, self._answers, self._pages = self._answers, [], []

    def _to_the_end(self, page: SitePage) -> None:
        while not self._pages or len(self._pages) < self._pages[0].total:
            number = len(self._pages) + 1
            answer, said = self._right(page, number)
            self._answers.append(answer)
            if isinstance(said, Empty):
                return
            self._pages.append(said)

    def _right(self, page: SitePage, number: int) -> tuple[Answer, Page | Empty]:
        """Page `number` as it should be."""
        for tried in range(1, _WRONG + 1):
            try:
                answer = page.get(self._question.address(number))
            except SiteRefused as error:
                raise _SessionOver(error) from None
            try:
                said = pages.read(answer)
                if isinstance(said, Page):
                    self._check(answer, said, number)
                elif number > 1:
                    raise _Moved(f"page {number} of {self._pages[0].total} is empty")
                return answer, said
            except pages.NotAFragment as error:
                whole = PageChanged(f"{self._name}, page {number}: a whole page came instead of a list: {error}")
                if self._reopened:
                    exhibit(page, answer)
                raise _SessionOver(whole) from None
            except PageChanged as error:
                if tried == _WRONG:
                    exhibit(page, answer)
                    raise PageChanged(f"{self._name}, page {number}: {error}", hint=error.hint) from None
            log.info("asked_again", part=self._name, page=number)
        raise AssertionError("the last try raises or returns")

    def _check(self, answer: Answer, said: Page, number: int) -> None:
        """Raises PageChanged, and _Moved where there are more or fewer pages than before."""
        rows = len(said.rows)
        if self._pages:
            first, last = self._pages[0], self._pages[-1]
            if said.total != first.total:
                raise _Moved(f"it said {first.total} pages, and then {said.total}")
            if said.number == number and said.numbers == last.numbers:
                raise PageChanged(f"it lists the same matches as page {number - 1}")
            if rows > len(first.rows) or (number < first.total and rows < len(first.rows)):
                raise PageChanged(f"it has {rows} matches where page 1 of {first.total} has {len(first.rows)}")
        if said.number != number:
            raise PageChanged(f"the site answers with page {said.number} of {said.total}")
        judged = self._judge(answer, said)
        rejects = [row for row in judged if isinstance(row, Reject)]
        if pages.too_many(len(rejects), rows):
            raise PageChanged(f"{len(rejects)} of {rows} matches cannot be used; of the first, {rejects[0].error}")
        others = [row for row in judged if isinstance(row, Match) and not self._question.fits(row)]
        if pages.too_many(len(others), rows):
            asked, other = self._question, others[0]
            raise PageChanged(
                f"{len(others)} of {rows} matches are not what was asked for, {asked.age_group} from {asked.first} "
                f"to {asked.last}; the first is {other.age_group} on {other.date}"
            )

    def _doubles(self) -> str | None:
        """A sentence where a match stands on two pages of this reading."""
        seen: dict[str, int] = {}
        for page in self._pages:
            for number in page.numbers:
                if number in seen:
                    return f"match {number} stands on page {seen[number]} and on page {page.number}"
                seen[number] = page.number
        return None


def exhibit(page: SitePage, answer: Answer) -> None:
    """Show an answer in a frame on top of the page, where what is kept of a page that has changed shows it, too."""
    live = selects.browsed(page)
    if live is None:
        return
    from playwright.sync_api import Error

    with suppress(Error):  # it is said what is wrong, with or without a picture
        live.evaluate(_EXHIBIT, answer.body.decode("utf-8", "replace"))


def is_whole(said: Sequence[Page | Empty]) -> bool:
    """Whether these pages are one listing from its first page to its last, in which nothing moved."""
    listed = [page for page in said if isinstance(page, Page)]
    if not listed or len(listed) < len(said):
        return False
    numbers = [number for page in listed for number in page.numbers]
    return (
        [page.number for page in listed] == list(range(1, listed[0].total + 1))
        and {page.total for page in listed} == {listed[0].total}
        and len(numbers) == len(set(numbers))
    )


def days(first: date, last: date, date_from: date | None, date_to: date | None) -> tuple[date, date]:
    """What is left of a season when only some days are asked for; the first is after the last where nothing is."""
    return max(first, date_from or first), min(last, date_to or last)
