"""`/calendar/{team_id}.ics`: what phones subscribe to (docs/calendars.md).

Where reading is not open to everyone, a calendar's address carries a key that opens this team's calendar and nothing
else. Without it the answer is 403, never a page to sign in: some calendars take a page for one without events, and
forget what they had.
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from actors import calendars
from actors.calendars import CONTENT_TYPE, calendar_of
from actors.console.access import Access, may_read
from actors.console.database import StoreConnection
from actors.console.errors import Conflict, Forbidden, NotThere, SignInNeeded
from actors.errors import NoSuchTeam
from actors.store.database import Connection

#: Seconds for which an answer need not be asked for again: what a phone shows may be that much older.
FRESH: Final = 300

Source = Annotated[str | None, Query(max_length=100)]
Season = Annotated[str | None, Query(pattern=r"^20\d\d-\d\d$")]
Key = Annotated[str, Query(max_length=128)]


def path_of(access: Access, source: str, team_id: str, *, season: str | None = None) -> str:
    """The path of a team's calendar, with its key where one is needed."""
    asked = {"source": source}
    if season is not None:
        asked["season"] = season
    if not access.open_to_read:
        asked["key"] = access.calendar_key(source, team_id)
    return f"/calendar/{quote(team_id, safe='')}.ics?{urlencode(asked)}"


def _may_subscribe(request: Request, team_id: str, source: Source = None, key: Key = "") -> None:
    """Raises Forbidden."""
    access: Access = request.app.state.access
    if key and source is not None and access.opens_calendar(key, source, team_id):
        return
    try:
        may_read(request)
    except SignInNeeded:
        raise Forbidden(
            "this is no address of a calendar: its key is missing, or not this one's",
            hint="`touchline calendar TEAM --url` prints it, and so do the console's pages",
        ) from None


router = APIRouter(dependencies=[Depends(_may_subscribe)])


@router.api_route("/calendar/{team_id:path}.ics", methods=["GET", "HEAD"])
def team_calendar(
    request: Request, connection: StoreConnection, team_id: str, source: Source = None, season: Season = None
) -> Response:
    """The calendar, or 304 where whoever asks has it. Raises NotThere, or Conflict where two sources have that id."""
    try:
        made = calendar_of(connection, source or _only_source(connection, team_id), team_id, season=season)
    except NoSuchTeam as error:
        raise NotThere(str(error), hint="the team's page has the address of its calendar") from None
    access: Access = request.app.state.access
    headers = {
        "ETag": made.etag,
        "Cache-Control": f"{'public' if access.open_to_read else 'private'}, max-age={FRESH}",
    }
    if _has(request.headers.get("if-none-match", ""), made.etag):
        return Response(status_code=304, headers=headers)
    return Response(made.to_ical(), headers=headers, media_type=CONTENT_TYPE)


def _only_source(connection: Connection, team_id: str) -> str:
    sources = [team.source for team in calendars.find(connection, team_id) if team.team_id == team_id]
    if not sources:
        raise NotThere(f"there is no team {team_id!r} with a match", hint="`touchline teams` shows the teams' ids")
    if len(sources) > 1:
        raise Conflict(
            f"{' and '.join(sources)} have a team {team_id!r} each", hint=f"say which: ?source={quote(sources[0])}"
        )
    return sources[0]


def _has(if_none_match: str, etag: str) -> bool:
    """Whether one of these validators is `etag`, by weak comparison as If-None-Match wants it (RFC 9110, 13.1.2)."""
    given = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return etag in given or "*" in given
