"""One answer of `get_matches` (SOURCES section 2): an HTML fragment, taken apart and believed only where it fits.

    rows and "3 page out of 12"          a Page
    "No data available."                 an Empty
    a short text in red, status 200      PageChanged, with the site's own words
    a whole page (login, an error)       a NotAFragment, raised: the session may be over
    anything else                        PageChanged

Each match stands there twice, for wide and for narrow screens; only the wide copy is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.answers import Answer
from ingest.errors import PageChanged

_ROW: Final = ".table-content-row.hidden-xs"
_MARK: Final = ".current-pages"
_OF: Final = re.compile(r"(\d{1,5}) page out of (\d{1,5})", re.IGNORECASE | re.ASCII)
_NOTHING: Final = "no data available"
_RED: Final = re.compile(r"color\s*:\s*(?:red|#f00\b|#ff0000)", re.IGNORECASE)
_RED_CLASS: Final = re.compile(r"(?:^|[\s-])(?:danger|error|red)\b", re.IGNORECASE)
#: Characters; what says more is no message.
_MESSAGE: Final = 1000
_COLUMNS: Final = 5
_CREST: Final = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)", re.IGNORECASE)


class NotAFragment(Exception):
    """A whole page came instead of a fragment; `str` is its title, or how it begins."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two teams. `crest` is as the page has it, and may be empty."""

    name: str
    crest: str


@dataclass(frozen=True, slots=True)
class Row:
    """One match as the page shows it: texts with single blanks, nothing interpreted. `when` begins with the date."""

    number: str
    gender: str
    when: str
    location: str
    age: str
    competition: str
    division: str
    round: str
    home: Side
    away: Side
    score: str
    html: str


@dataclass(frozen=True, slots=True)
class OddRow:
    """A row that lacks something; `number` is the match's where it can be told."""

    number: str | None
    error: str
    html: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: page `number` of `total`."""

    number: int
    total: int
    rows: tuple[Row | OddRow, ...]

    @property
    def numbers(self) -> frozenset[str]:
        """The numbers of its matches."""
        return frozenset(row.number for row in self.rows if row.number is not None)


@dataclass(frozen=True, slots=True)
class Empty:
    """The site says that it has nothing of what was asked for."""


def read(answer: Answer) -> Page | Empty:
    """What the answer says. Raises PageChanged and NotAFragment."""
    text = answer.body.decode("utf-8", "replace")
    if not text.strip():
        raise PageChanged("the site answers nothing at all where it should list matches")
    tree = LexborHTMLParser(text)
    found = tree.css(_ROW)
    if found:
        return _page(tree, found)
    _refuse(tree, text)
    return Empty()


def _page(tree: LexborHTMLParser, found: list[LexborNode]) -> Page:
    mark = tree.css_first(_MARK)
    said = _OF.search(squeezed(mark.text())) if mark is not None else None
    if said is None:
        raise PageChanged(f"a page with {len(found)} matches does not say which page it is, and of how many")
    number, total = int(said[1]), int(said[2])
    links = (_attribute(link, "js-page") for link in tree.css("[js-page]"))
    linked = max((int(link) for link in links if link.isascii() and link.isdecimal()), default=0)
    if not 1 <= number <= total or linked > total:
        raise PageChanged(
            f"a page says that it is {number} of {total}" + (f" and links to page {linked}" if linked > total else "")
        )
    rows = tuple(_row(node) for node in found)
    odd = [row for row in rows if isinstance(row, OddRow)]
    if too_many(len(odd), len(rows)):
        raise PageChanged(f"{len(odd)} of {len(rows)} rows of a page cannot be read; of the first, {odd[0].error}")
    return Page(number, total, rows)


def _refuse(tree: LexborHTMLParser, text: str) -> None:
    """Raise what an answer without a row is, unless it says that there is nothing."""
    said = squeezed(tree.body.text(separator=" ")) if tree.body is not None else ""
    if said.casefold().rstrip(".") == _NOTHING:
        return
    title = tree.css_first("title")
    if title is not None or re.match(r"\s*<(?:!doctype|html)\b", text, re.IGNORECASE):
        name = squeezed(title.text()) if title is not None else ""
        raise NotAFragment(shown(name or said))
    if len(said) <= _MESSAGE and any(_is_red(node) for node in tree.css("[style], [class], font[color]")):
        raise PageChanged(f"the site says {shown(said)}")
    raise PageChanged(f"an answer has neither matches nor a message that is known; it begins with {shown(said)}")


def _row(node: LexborNode) -> Row | OddRow:
    html = node.html or ""
    number: str | None = None
    try:
        columns = list(node.iter())
        if len(columns) < _COLUMNS:
            raise _Lacking(f"there are {len(columns)} columns instead of {_COLUMNS}")
        first = _lines(columns[0])
        number = first[0] if first and first[0].isdecimal() and len(first[0]) <= 20 else None
        if number is None:
            raise _Lacking(f"the match number cannot be told from {shown(' '.join(first))}")
        # one text alone may be the one or the other
        competition, division = texts if len(texts := _lines(columns[3])) == 2 else ("", "")
        # one crest alone may be the one's or the other's
        home, away = both if len(both := [_crest(photo) for photo in node.css(".club-photo")]) == 2 else ("", "")
        score = node.css_first(".score-match-table") or node.css_first(".container-score")
        if score is None:
            raise _Lacking("the score is missing")
        return Row(
            number=number,
            gender=first[1] if len(first) > 1 else "",
            when=squeezed(columns[1].text(separator=" ")),
            location=_title(node, ".container-location"),
            age=squeezed(columns[2].text()),
            competition=_attribute(node, "js-match-bracket") or competition,
            division=_attribute(node, "js-match-group") or division,
            round=_attribute(node, "js-match-round"),
            home=Side(_name(node, ".container-first-team", "home"), home),
            away=Side(_name(node, ".container-second-team", "away"), away),
            score=squeezed(score.text()),
            html=html,
        )
    except _Lacking as error:
        return OddRow(number, str(error), html)


class _Lacking(Exception):
    """A row lacks something."""


def _name(node: LexborNode, place: str, side: str) -> str:
    """The full name: the text beside it may be cut, and a cut name is another team."""
    name = _title(node, place)
    if not name:
        raise _Lacking(f"the {side} team's full name is missing")
    return name


def _title(node: LexborNode, place: str) -> str:
    titled = node.css_first(f"{place} [data-title]")
    return _attribute(titled, "data-title") if titled is not None else ""


def _crest(node: LexborNode) -> str:
    found = _CREST.search(_attribute(node, "style"))
    return found[1].strip() if found else ""


def _is_red(node: LexborNode) -> bool:
    return bool(
        _RED.search(_attribute(node, "style"))
        or _RED_CLASS.search(_attribute(node, "class"))
        or _attribute(node, "color").casefold() in ("red", "#f00", "#ff0000")
    )


def _lines(node: LexborNode) -> list[str]:
    """The texts of a column; the site puts one below the other."""
    texts = (squeezed(child.text()) for child in node.traverse(include_text=True) if child.is_text_node)
    return [text for text in texts if text]


def _attribute(node: LexborNode, name: str) -> str:
    return squeezed(node.attributes.get(name) or "")


def too_many(odd: int, rows: int) -> bool:
    """Whether so many odd rows on one page are no accident: more than half of them, and more than one."""
    return odd > max(1, rows / 2)


def squeezed(text: str) -> str:
    """Single blanks, those that do not break among them."""
    return " ".join(text.split())


def shown(text: str) -> str:
    """Words of the site in a sentence: quoted, printable, short."""
    quoted = repr(text)
    return quoted if len(quoted) <= 120 else f"{quoted[:117]}…"
