"""One match: how it stands, what people said against its site, its history; and the forms that correct it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from actors.console.access import Access, FormActor
from actors.console.calendar import path_of as calendar_path
from actors.console.changed import WORDS, Line, lines
from actors.console.database import StoreConnection
from actors.console.errors import NotThere
from actors.console.match_forms import meant, refreshed, shown
from actors.console.pages.dead_acts import who
from actors.console.pages.matches import STATUSES
from actors.console.paths import match_path, table_path
from actors.console.rendering import render
from actors.errors import NoSuchMatch, NotCorrectable
from actors.store.corrections import CORRECTABLE, LONGEST_WHY, correct, take_back
from actors.store.database import Connection
from actors.store.reading import reading
from actors.words import zone

router = APIRouter()

#: Moments of a match's history that are shown, the newest.
MOMENTS: Final = 100

#: States of a correction that somebody may still take back.
OPEN: Final = ("standing", "resting")

Done = Literal["corrected", "taken_back", ""]

Named = Annotated[str, Form(max_length=100)]
Why = Annotated[str, Form(max_length=LONGEST_WHY)]


async def _fields(request: Request) -> dict[str, str]:
    """All fields of a form that are text. Its size is bounded, and what each may be is the contract's business."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


Fields = Annotated[dict[str, str], Depends(_fields)]


@dataclass(frozen=True, slots=True)
class Moment:
    """What changed at once, and by which run; None: a person."""

    at: datetime
    run_id: str | None
    lines: list[Line]


@router.get("/matches/{source}/{match_id:path}")
def match(request: Request, connection: StoreConnection, source: str, match_id: str, done: Done = "") -> Response:
    return _page(request, _read(connection, source, match_id), done=done)


@router.post("/matches/correct")
def correct_match(
    request: Request,
    session: FormActor,
    connection: StoreConnection,
    fields: Fields,
    source: Named,
    match_id: Named,
    why: Why = "",
) -> Response:
    row = _read(connection, source, match_id)
    try:
        correct(connection, source, match_id, meant(row, fields), why=why, by=who(session))
    except NotCorrectable as error:
        return _page(request, row, fields=fields, wrong=error)
    except NoSuchMatch as error:
        raise NotThere(str(error)) from None
    return RedirectResponse(f"{match_path(source, match_id)}?done=corrected", status_code=303)


@router.post("/matches/take-back")
def take_back_corrections(
    request: Request,
    session: FormActor,
    connection: StoreConnection,
    source: Named,
    match_id: Named,
    field: Annotated[list[Literal[CORRECTABLE]], Form(max_length=len(CORRECTABLE))] = [],  # type: ignore[valid-type]  # noqa: B006 - FastAPI copies it
    why: Why = "",
) -> Response:
    row = _read(connection, source, match_id)
    try:
        if not field:
            raise NotCorrectable("no correction is ticked", hint="tick those that are to be taken back")
        take_back(connection, source, match_id, field, why=why, by=who(session))
    except NotCorrectable as error:
        return _page(request, row, wrong=error)
    except NoSuchMatch as error:
        raise NotThere(str(error)) from None
    return RedirectResponse(f"{match_path(source, match_id)}?done=taken_back", status_code=303)


def _read(connection: Connection, source: str, match_id: str) -> dict[str, Any]:
    if "\0" not in source + match_id:
        with reading(connection, "match", source=source, match_id=match_id) as found:
            for row in found.rows:
                return row
    raise NotThere("there is no such match", hint="all of them are at /matches")


def _page(
    request: Request,
    row: Mapping[str, Any],
    *,
    done: Done = "",
    fields: Mapping[str, str] | None = None,
    wrong: NotCorrectable | None = None,
) -> Response:
    """The match's page; where a form was `wrong`, with what it said."""
    access: Access = request.app.state.access
    corrections = [_timed(each) for each in row["corrections"]]
    moments = list(_moments(row["history"]))
    now = shown(row)
    return render(
        request,
        "match.html",
        status=200 if wrong is None else 422,
        match=row,
        words=WORDS,
        standing={each["field"]: each for each in corrections if each["state"] in OPEN},
        ended=[each for each in reversed(corrections) if each["state"] not in OPEN],
        moments=moments[:MOMENTS],
        more=len(moments) > MOMENTS,
        now=now,
        zone=zone(row),
        said=now if fields is None else refreshed(now, fields),
        why=(fields or {}).get("why", ""),
        statuses=STATUSES,
        longest_why=LONGEST_WHY,
        calendars=[
            (row[f"{side}_team"], row[f"{side}_team_id"], calendar_path(access, row["source"], row[f"{side}_team_id"]))
            for side in ("home", "away")
        ],
        table=table_path(row) if row["division"] else None,
        done=done,
        wrong=wrong,
    )


def _moments(history: list[Mapping[str, Any]]) -> Iterator[Moment]:
    """The history, newest first, a moment at a time."""
    for (at, run_id), changes in groupby(reversed(history), key=lambda row: (row["changed_at"], row["run_id"])):
        yield Moment(datetime.fromisoformat(at), run_id, list(lines(changes)))


def _timed(correction: Mapping[str, Any]) -> dict[str, Any]:
    times = ("site_since", "made_at", "rests_since", "ended_at")
    return {
        name: datetime.fromisoformat(value) if name in times and value is not None else value
        for name, value in correction.items()
    }
