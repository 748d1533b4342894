"""What programs ask of matches: the list, one with its history, what changed, teams and tables."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from actors.console.api.answers import answer
from actors.console.api.documented import reads
from actors.console.api.fields import Date, MatchId, Season, Several, Since, Source, Text
from actors.console.api.paging import Asked, Cursor, NoSuchPage, Page, after, cursor_of, link, page
from actors.console.api.shapes import Changes, Matches, MatchWithHistory, Standings, Teams
from actors.console.database import StoreConnection
from actors.console.errors import Gone, NotThere
from actors.store.database import Connection
from actors.store.reading import reading

router = APIRouter(tags=["Matches"])

#: Changes that are shown with one match.
HISTORY: Final = 500

#: Tables in a page, at most: each may have thirty rows and more.
MOST_TABLES: Final = 50

#: What a table is known by, in the order of the pages.
_TABLE: Final = ("source", "season", "league", "age_group", "division")

_TABLE_KEY: Final = (str, str, str, str, str)


class MatchFilters(Page):
    source: Annotated[Text | None, Field(description="Only of this source.")] = None
    season: Annotated[Season | None, Field(description="Only of this season.")] = None
    league: Annotated[Several, Field(description="Only of this league.")] = None
    age_group: Annotated[Several, Field(description="Only of this age group.")] = None
    division: Annotated[Several, Field(description="Only of this division.")] = None
    team: Annotated[Several, Field(description="Only of this team: a part of its name, or its id.")] = None
    status: Annotated[
        list[Literal["scheduled", "completed", "postponed", "cancelled", "forfeit"]] | None,
        Field(description="Only with this status.", max_length=5),
    ] = None
    date_from: Annotated[Date | None, Field(description="Only on this day or later.")] = None
    date_to: Annotated[Date | None, Field(description="Only on this day or earlier.")] = None
    withdrawn: Annotated[
        bool | None, Field(description="Only those that their site lists no longer, or only those that it lists.")
    ] = None
    since: Annotated[Since, Field(description="Only those that are new or changed since then.")] = None


@router.get("/matches", **reads(Matches, "Matches by source and id, which stay while dates move"))
def matches(request: Request, asked: Annotated[MatchFilters, Query()], connection: StoreConnection) -> Response:
    source, match = after(asked.cursor, str, str)
    with reading(
        connection,
        "api_matches",
        **_filters(asked),
        statuses=asked.status,
        date_from=asked.date_from,
        date_to=asked.date_to,
        withdrawn=asked.withdrawn,
        since=asked.since,
        after_source=source,
        after_match=match,
        limit=asked.limit + 1,
    ) as found:
        rows = list(found.rows)
    return answer(request, page(request, "matches", rows, asked.limit, "source", "match_id"))


@router.get("/matches/{source}/{match_id:path}", **reads(MatchWithHistory, "One match with its history"))
def match(
    request: Request, source: Source, match_id: MatchId, _: Annotated[Asked, Query()], connection: StoreConnection
) -> Response:
    with reading(connection, "api_matches", source=source, match=match_id, limit=1) as found:
        row = next(found.rows, None)
    if row is None:
        raise NotThere("no match of that source has that id", hint="GET /api/v1/matches lists them")
    with reading(connection, "changes", source=source, match=match_id, limit=HISTORY + 1) as found:
        history = [{name: change[name] for name in _CHANGE} for change in found.rows]
    return answer(request, {**row, "history": history[:HISTORY], "history_is_whole": len(history) <= HISTORY})


_CHANGE: Final = ("changed_at", "source", "match_id", "field", "old", "new", "run_id")


class ChangeFilters(Page):
    since: Annotated[Since, Field(description="Only changes that were stored since then. Follow `next` after it.")] = (
        None
    )
    source: Annotated[Text | None, Field(description="Only of this source.")] = None
    match: Annotated[Text | None, Field(description="Only of this match.")] = None
    field: Annotated[Several, Field(description="Only of this field.")] = None
    run: Annotated[UUID | None, Field(description="Only those that this run brought.")] = None


@router.get("/changes", **reads(Changes, "What changed, in an order in which it can be followed", 410))
def changes(request: Request, asked: Annotated[ChangeFilters, Query()], connection: StoreConnection) -> Response:
    """Whoever follows `next` sees every change that fits, at least once, whatever is stored meanwhile."""
    settled_in, change_id = after(asked.cursor, str, int)
    if settled_in is not None:
        _check_reached(connection, settled_in)
    with reading(
        connection,
        "api_changes",
        since=asked.since,
        source=asked.source,
        match=asked.match,
        fields=asked.field,
        run=asked.run,
        after_in=settled_in,
        after_id=change_id,
        limit=asked.limit + 1,
    ) as found:
        rows = list(found.rows)
    shown = rows[: asked.limit]
    last = (shown[-1]["settled_in"], shown[-1]["change_id"]) if shown else (settled_in or "0", change_id or 0)
    cursor = cursor_of(*last)
    content = {
        "changes": [{name: change[name] for name in _CHANGE} for change in shown],
        "next": link(request, cursor),
        "next_cursor": cursor,
        "more": len(rows) > asked.limit,
    }
    return answer(request, content)


def _check_reached(connection: Connection, settled_in: str) -> None:
    if not settled_in.isascii() or not settled_in.isdigit() or int(settled_in) >= 2**63:
        raise NoSuchPage
    with reading(connection, "api_reached", after_in=settled_in) as found:
        if not next(found.rows)["reached"]:
            raise Gone(
                "that cursor is of another database server, of whose backup this one was made",
                hint="begin anew, with `since` from before the backup",
            )


class TeamFilters(Page):
    source: Annotated[Text | None, Field(description="Only of this source.")] = None
    season: Annotated[Season | None, Field(description="Only of this season.")] = None
    league: Annotated[Several, Field(description="Only of this league.")] = None
    age_group: Annotated[Several, Field(description="Only of this age group.")] = None
    division: Annotated[Several, Field(description="Only of this division.")] = None
    team: Annotated[Several, Field(description="Only this team: a part of its name, or its id.")] = None


@router.get("/teams", **reads(Teams, "Teams, each once a source, season and league"))
def teams(request: Request, asked: Annotated[TeamFilters, Query()], connection: StoreConnection) -> Response:
    source, team, season, league = after(asked.cursor, str, str, str, str)
    with reading(
        connection,
        "api_teams",
        **_filters(asked),
        after_source=source,
        after_season=season,
        after_league=league,
        after_team=team,
        limit=asked.limit + 1,
    ) as found:
        rows = list(found.rows)
    return answer(request, page(request, "teams", rows, asked.limit, "source", "team_id", "season", "league"))


class TableFilters(Asked):
    source: Annotated[Text | None, Field(description="Only of this source.")] = None
    season: Annotated[Season | None, Field(description="Of this season; without it, of each league's latest.")] = None
    league: Annotated[Several, Field(description="Only of this league.")] = None
    age_group: Annotated[Several, Field(description="Only of this age group.")] = None
    division: Annotated[Several, Field(description="Only of this division.")] = None
    limit: Annotated[int, Field(description="At most so many tables.", ge=1, le=MOST_TABLES)] = 20
    cursor: Cursor = None


@router.get("/standings", **reads(Standings, "League tables, counted from the stored results"))
def standings(request: Request, asked: Annotated[TableFilters, Query()], connection: StoreConnection) -> Response:
    key = after(asked.cursor, *_TABLE_KEY)
    filters = {**_filters(asked), "latest": asked.season is None}
    with reading(connection, "tables", **filters) as found:
        named = sorted({tuple(table[column] or "" for column in _TABLE) for table in found.rows})
    left = [name for name in named if key[0] is None or name > tuple(key)]
    shown = left[: asked.limit]
    cursor = cursor_of(*shown[-1]) if len(left) > len(shown) else None
    content = {"standings": _tables(connection, shown), "next": link(request, cursor), "next_cursor": cursor}
    return answer(request, content)


def _tables(connection: Connection, names: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    """These tables with their rows, in this order."""
    lists = {f"{column}s": [name[index] for name in names] for index, column in enumerate(_TABLE)}
    of_table = itemgetter(*_TABLE)
    with reading(connection, "standings", **lists) as found:
        tables = {
            tuple(part or "" for part in name): [
                {column: value for column, value in row.items() if column not in _TABLE} for row in rows
            ]
            for name, rows in groupby(found.rows, key=of_table)
        }
    return [
        {**dict(zip(_TABLE, name, strict=True)), "league": name[2] or None, "rows": tables.get(name, [])}
        for name in names
    ]


def _filters(asked: MatchFilters | TeamFilters | TableFilters) -> dict[str, Any]:
    said = {
        "source": asked.source,
        "season": asked.season,
        "leagues": asked.league,
        "age_groups": asked.age_group,
        "divisions": asked.division,
    }
    return said if isinstance(asked, TableFilters) else {**said, "teams": asked.team}
