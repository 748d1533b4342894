"""Matches: searched, and listed in the order in which they are played. `match` is one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator
from starlette.responses import Response

from actors.console.database import StoreConnection
from actors.console.errors import Invalid
from actors.console.match_pages import Key, Match, Page, page_after, page_around, page_before
from actors.console.rendering import render
from actors.store.database import Connection
from actors.store.reading import reading

router = APIRouter()

STATUSES: Final = ("scheduled", "completed", "postponed", "cancelled", "forfeit")

#: What a match can be asked for by beside its status.
OTHERS: Final = (("withdrawn", "withdrawn by the site"), ("corrected", "corrected by a person"))

#: Divisions that a browser offers while one is typed.
_OFFERED: Final = 300


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("has characters that no name has")
    return text.strip()


Words = Annotated[str, Query(max_length=200), AfterValidator(_storable)]
Stands = Literal["scheduled", "completed", "postponed", "cancelled", "forfeit", "withdrawn", "corrected", ""]


@dataclass(frozen=True, slots=True)
class Day:
    """The matches of one day on a page."""

    date: date | None
    matches: list[Match]


@router.get("/matches")
def matches(
    request: Request,
    connection: StoreConnection,
    team: Words = "",
    team_id: Words = "",
    source: Words = "",
    league: Words = "",
    season: Words = "",
    age_group: Words = "",
    division: Words = "",
    status: Stands = "",
    date_from: Annotated[date | Literal[""], Query(alias="from")] = "",
    date_to: Annotated[date | Literal[""], Query(alias="to")] = "",
    after: Annotated[str, Query(max_length=600)] = "",
    before: Annotated[str, Query(max_length=600)] = "",
) -> Response:
    if date_from and date_to and date_from > date_to:
        raise Invalid(f"from {date_from} is after to {date_to}", hint="go back and change one of them")
    said = {
        "team": team,
        "team_id": team_id,
        "division": division,
        "league": league,
        "age_group": age_group,
        "season": season,
        "source": source,
        "status": status,
        "from": str(date_from),
        "to": str(date_to),
    }
    asked = {name: value for name, value in said.items() if value}
    page = _page(connection, asked, after, before)
    return render(
        request,
        "matches.html",
        days=[Day(day, list(rows)) for day, rows in groupby(page.matches, key=lambda match: match["date"])],
        matches=page.matches,
        asked=asked,
        team=_team(connection, team_id, source) if team_id else None,
        statuses=[*STATUSES, *OTHERS],
        today=datetime.now(UTC).date(),
        earlier=_address(asked, before=page.earlier),
        later=_address(asked, after=page.later),
        first=_address(asked) if after or before else None,
        marked=any(match["corrected"] for match in page.matches),
        offered=offered(connection),
    )


def _page(connection: Connection, asked: Mapping[str, str], after: str, before: str) -> Page:
    wanted: dict[str, Any] = {
        {"from": "date_from", "to": "date_to"}.get(name, name): value for name, value in asked.items()
    }
    if wanted.get("status") in ("withdrawn", "corrected"):
        wanted[wanted.pop("status")] = True
    if after:
        return page_after(connection, Key.read(after), wanted)
    if before:
        return page_before(connection, Key.read(before), wanted)
    if "date_from" in wanted:
        page = page_after(connection, Key(wanted["date_from"]), wanted)
        return Page(page.matches, None, page.later)
    return page_around(connection, datetime.now(UTC).date(), wanted)


def _team(connection: Connection, team_id: str, source: str) -> str:
    """What that team is called; its id where nobody knows."""
    with reading(connection, "team_name", team_id=team_id, source=source or None) as found:
        return next((str(row["name"]) for row in found.rows), team_id)


def offered(connection: Connection) -> dict[str, list[str]]:
    """The names that filters offer."""
    with reading(connection, "match_choices", limit=_OFFERED) as found:
        return {name: names or [] for name, names in next(found.rows).items()}


def _address(asked: Mapping[str, str], **keys: Key | None) -> str | None:
    """The address of the list as it is asked for, beginning at one of `keys`; None where that key is None."""
    if keys and not any(keys.values()):
        return None
    said = urlencode({**asked, **{name: str(key) for name, key in keys.items()}})
    return f"/matches?{said}" if said else "/matches"
