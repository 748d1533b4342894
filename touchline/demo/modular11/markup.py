"""The site's HTML: its schedule page, and the fragments that its requests are answered with (SOURCES.md, section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from touchline.demo.modular11.listing import Listed, Side

_PAGES: Final = Path(__file__).parents[1] / "pages"

#: Characters after which the site cuts names and venues.
_NAME: Final = 10
_VENUE: Final = 12

NOTHING: Final = '<div class="text-center"><p>No data available.</p></div>'

_DOCUMENT: Final = "<!doctype html>\n<html><head><title>{}</title></head><body><form></form></body></html>"

_ROW: Final = (
    '<div class="container-row"><!-- desktop version -->'
    '<div class="row table-content-row hidden-xs" js-match-game="1" js-match-round=""'
    ' js-match-bracket="{competition}" js-match-group="{division}">\n'
    '<div class="col-sm-1 pad-0">{number}<br>MALE</div>'
    '<div class="col-sm-2">{when}<br>'
    '<div class="container-location"><p data-title="{venue}">{venue_cut}</p></div></div>\n'
    '<div class="col-sm-1 pad-0">{age}</div><div class="col-sm-2">{competition}<br>{division}</div>'
    '<div class="col-sm-6 pad-0"><div class="container-teams-info">\n'
    '<div class="col-sm-3 container-first-team"><p data-title="{home}">{home_cut}</p></div>'
    '<div><div class="club-photo" style="background-image: url(\'{home_crest}\')"></div></div>\n'
    '<div class="container-score"><span class="score-match-table">{score}</span></div>'
    '<div><div class="club-photo" style="background-image: url(\'{away_crest}\')"></div></div>\n'
    '<div class="col-sm-3 container-second-team"><p data-title="{away}">{away_cut}</p></div></div></div></div>\n'
    '<!-- mobile version --><div class="visible-xs"><div class="match-row-mobile"><div class="mobile-block-match-info">'
    '<div class="row-heading-mobile">Match ID</div><div class="row-content-mobile">{number}</div>'
    '<div class="row-heading-mobile">Date</div><div class="row-content-mobile">{when}</div>'
    '<div class="row-heading-mobile">Home Team</div><div class="row-content-mobile">{home}</div>'
    '<div class="row-heading-mobile">Score</div><div class="row-content-mobile">{score}</div>'
    '<div class="row-heading-mobile">Away Team</div><div class="row-content-mobile">{away}</div>'
    "</div></div></div></div>"
)


def fragment(rows: Sequence[Listed], origin: str, footer: str) -> str:
    """One page of a list; crests have addresses below `origin`."""
    shown = "".join(_row(row, origin) for row in rows)
    return f'<div class="container-fluid container-table-matches">{shown}{footer}</div>'


def footer(page: int, total: int, *, labels: bool = False, linked: int | None = None) -> str:
    """The end of a fragment: which page it is, and the way to the others.

    With `labels` the links beside "Next" are called MLS NEXT, and "Next" leads nowhere; `linked` is the last page that
    is linked where that is not the last.
    """
    links = "".join(
        f'<li class="{"active" if number == page else ""}"><a href="#" js-page="{number}">{number}</a></li>'
        for number in range(1, (linked or total) + 1)
    )
    following = page if labels else min(page + 1, total)
    beside = '<li><a href="/schedule?year=21">MLS NEXT</a></li>' if labels else ""
    return (
        f'<div class="current-pages">{page} page out of {total}</div><ul class="pagination">'
        f'{beside}{links}<li><a href="#" js-page="{following}">Next</a></li>{beside}</ul>'
    )


def red(sentence: str) -> str:
    """How the site says that a question is wrong."""
    return f'<div class="text-center"><p style="color: red;">{escape(sentence)}</p></div>'


def login() -> str:
    return _DOCUMENT.format("Login | Modular Eleven")


def shell() -> str:
    return _DOCUMENT.format("Whoops, looks like something went wrong.")


def schedule(
    tournament: int,
    ages: Mapping[str, int],
    groups: Mapping[str, int],
    *,
    season: str,
    consent: bool = False,
    restless: bool = False,
) -> str:
    """The schedule page of a tournament, with its selects."""
    values = {
        "tournament": str(tournament),
        "ages": _options(ages),
        "groups": _options(groups),
        "season": season,
        "consent": _template("consent.html") if consent else "",
        "restless": "restless" if restless else "",
    }
    return _filled("schedule.html", values)


def embedding(address: str) -> str:
    """Somebody else's page, with the schedule at `address` in a frame that waits for consent."""
    return _filled("embedding.html", {"address": escape(address), "consent": _template("consent.html")})


def script() -> bytes:
    """The pages' script."""
    return _template("schedule.js").encode()


def _row(row: Listed, origin: str) -> str:
    said = {
        "number": str(row.number),
        "when": row.when,
        "age": row.age,
        "competition": row.competition,
        "division": row.division,
        "venue": row.venue,
        "venue_cut": _cut(row.venue, _VENUE, "..."),
        "home": row.home.name,
        "home_cut": _cut(row.home.name, _NAME, ""),
        "away": row.away.name,
        "away_cut": _cut(row.away.name, _NAME, ""),
        "home_crest": _crest(row.home, origin),
        "away_crest": _crest(row.away, origin),
        "score": row.score,
    }
    return _ROW.format(**{name: escape(text).replace("\N{NO-BREAK SPACE}", "&nbsp;") for name, text in said.items()})


def _cut(text: str, length: int, mark: str) -> str:
    return text if len(text) <= length else text[:length] + mark


def _crest(side: Side, origin: str) -> str:
    return f"{origin}/media/academy/{'' if side.club is None else side.club}/logo.png"


def _options(ids: Mapping[str, int]) -> str:
    return "\n".join(f'      <option value="{number}">{escape(name)}</option>' for name, number in ids.items())


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = _template(name)
    for key, value in values.items():
        text = text.replace(f"__{key.upper()}__", value)
    return text


@cache
def _template(name: str) -> str:
    return (_PAGES / "modular11" / name).read_text(encoding="utf-8")
