"""Rows, fragments and answers of modular11's, as its site makes them (SOURCES.md, section 2); visits of its page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ingest.answers import Answer
from ingest.sources import Part
from ingest.sources.modular11.asking import ENDPOINT, Question

SITE: Final = "https://www.modular11.com"
ASKED_AT: Final = datetime(2025, 11, 25, 12, 0, tzinfo=UTC)
NOTHING: Final = '<div class="text-center"><p>No data available.</p></div>'


def row(
    number: object = 100436,
    *,
    when: str = "09/20/25 03:45pm",
    venue: str = "NEFC Park - Field 2",
    age: str = "U14",
    competition: str = "League",
    division: str = "Northeast",
    home: str = "IFA",
    away: str = "NEFC",
    home_crest: str = "https://img.example/academy/464/crest.png",
    away_crest: str = "https://img.example/academy/391/crest.png",
    score: str = "1&nbsp;:&nbsp;3",
    gender: str = "MALE",
) -> str:
    """One match, for wide screens and for narrow ones; the text beside a full name is cut."""
    return f"""<div class="container-row">
 <!-- desktop version -->
 <div class="row table-content-row hidden-xs" js-match-game="1" js-match-round=""
      js-match-bracket="{escape(competition)}" js-match-group="{escape(division)}">
  <div class="col-sm-1 pad-0">{number}<br>{gender}</div>
  <div class="col-sm-2">{when}<br><div class="container-location"><p data-title="{escape(venue)}">{venue[:12]}...</p></div></div>
  <div class="col-sm-1 pad-0">{age}</div>
  <div class="col-sm-2">{escape(competition)}<br>{escape(division)}</div>
  <div class="col-sm-6 pad-0"><div class="container-teams-info">
   <div class="col-sm-3 container-first-team"><p data-title="{escape(home)}">{escape(home[:10])}</p></div>
   <div><div class="club-photo" style="background-image: url('{home_crest}')"></div></div>
   <div class="container-score"><span class="score-match-table">{score}</span></div>
   <div><div class="club-photo" style="background-image: url('{away_crest}')"></div></div>
   <div class="col-sm-3 container-second-team"><p data-title="{escape(away)}">{escape(away[:10])}</p></div></div></div></div>
 <!-- mobile version --><div class="visible-xs"><div class="row-content-mobile">{number}</div>
  <div class="row-content-mobile">{escape(home)}</div><div class="score-match-mobile">{score}</div></div>
</div>"""  # noqa: E501 - laid out as the site does it


def fragment(*rows: str, page: int = 1, total: int = 1) -> str:
    links = "".join(f'<li><a href="#" js-page="{number}">{number}</a></li>' for number in range(1, total + 1))
    mark = f'<div class="current-pages">{page} page out of {total}</div><ul class="pagination">{links}</ul>'
    return f'<div class="container-table-matches">{"".join(rows)}{mark}</div>'


def answer(text: str | bytes, *, asked_at: datetime = ASKED_AT) -> Answer:
    body = text.encode() if isinstance(text, str) else text
    return Answer(200, body, None, f"{SITE}{ENDPOINT}", "text/html", asked_at)


def part(age: str = "U14", season: str = "2025-26", *, narrowed: bool = False) -> Part:
    """An age group of homegrown, as `plan` makes it."""
    first, last = f"{season[:4]}-08-01", f"20{season[5:]}-07-31"
    question = Question(
        page=f"{SITE}/schedule?year=21",
        endpoint=f"{SITE}{ENDPOINT}",
        tournament=12,
        age_group=age,
        ages=("22",),
        groups=(),
        first=first,
        last=last,
        narrowed=narrowed,
    )
    return Part(f"homegrown-{age}-{season}", "homegrown", season, question.detail())


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
