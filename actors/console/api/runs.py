"""What programs ask of runs and sources."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import entry_points
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from actors.console.api.answers import answer
from actors.console.api.documented import reads
from actors.console.api.fields import Since, Text
from actors.console.api.paging import Asked, NoSuchPage, Page, after, page
from actors.console.api.shapes import Run, Runs, Sources
from actors.console.database import StoreConnection
from actors.console.errors import NotThere
from actors.store.reading import reading

router = APIRouter(tags=["Runs"])

#: Where sources say that they are installed (ingest.sources, which need not be here).
_SOURCES: Final = "touchline.sources"


class RunFilters(Page):
    source: Annotated[Text | None, Field(description="Only of this source.")] = None
    state: Annotated[
        Literal["running", "succeeded", "suspect", "failed", "interrupted"] | None, Field(description="Only these.")
    ] = None
    trigger: Annotated[Literal["cli", "schedule", "api"] | None, Field(description="Only what this started.")] = None
    since: Annotated[Since, Field(description="Only those that began since then.")] = None


@router.get("/runs", **reads(Runs, "Runs with their accounts, newest first"))
def runs(request: Request, asked: Annotated[RunFilters, Query()], connection: StoreConnection) -> Response:
    started, run = time_and_id(asked.cursor)
    with reading(
        connection,
        "api_runs",
        source=asked.source,
        state=asked.state,
        trigger=asked.trigger,
        since=asked.since,
        after_started=started,
        after_run=run,
        limit=asked.limit + 1,
    ) as found:
        rows = list(found.rows)
    return answer(request, page(request, "runs", rows, asked.limit, "started_at", "run_id"))


RunId = Annotated[UUID, Path(description="The run.")]


@router.get("/runs/{run_id}", **reads(Run, "One run with its account"))
def run(request: Request, run_id: RunId, _: Annotated[Asked, Query()], connection: StoreConnection) -> Response:
    with reading(connection, "api_runs", run=run_id, limit=1) as found:
        row = next(found.rows, None)
    if row is None:
        raise NotThere(
            "no run has that id", hint="one that found nothing new has no account; GET /api/v1/jobs has jobs"
        )
    return answer(request, row)


@router.get("/sources", **reads(Sources, "Sources that are installed here, or that have run"))
def sources(request: Request, _: Annotated[Asked, Query()], connection: StoreConnection) -> Response:
    with reading(connection, "api_sources") as found:
        ran = {row.pop("source"): row for row in found.rows}
    here = installed()
    listed = []
    for name in sorted({*here, *ran}):
        last: dict[str, Any] | None = ran.get(name)
        good = last.pop("last_good_at") if last else None
        listed.append({"source": name, "installed": name in here, "last_run": last, "last_good_at": good})
    return answer(request, {"sources": listed})


def installed() -> list[str]:
    """The names of the sources that are installed with the console, without loading any."""
    return sorted({point.name for point in entry_points(group=_SOURCES)})


def time_and_id(cursor: str | None) -> tuple[str | None, str | None]:
    """The key in the cursor of a list by time and run. Raises NoSuchPage."""
    time, run = after(cursor, str, str)
    if cursor is not None:
        try:
            dt.datetime.fromisoformat(time)
            UUID(run)
        except ValueError:
            raise NoSuchPage from None
    return time, run
