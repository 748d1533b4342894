"""Runs: a page of them, and one with its story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from actors.console import charts
from actors.console.database import StoreConnection
from actors.console.errors import NotThere
from actors.console.pages.kept import documents
from actors.console.rendering import render
from actors.next_steps import ACCOUNTED, of_run
from actors.store.database import Connection
from actors.store.reading import reading
from contract.passwords import scrub
from contract.settings import Settings

router = APIRouter()

STATES: Final = ("running", "succeeded", "suspect", "failed", "interrupted")

#: Runs on a page, and parts of a run that are shown.
PAGE: Final = 50
PARTS: Final = 500

State = Literal["running", "succeeded", "suspect", "failed", "interrupted"]
Trigger = Literal["cli", "schedule", "api"]

#: How a run was ordered, in words.
TRIGGERS: Final[Mapping[str, str]] = {"cli": "by hand", "schedule": "by a schedule", "api": "by the API"}


@router.get("/runs")
def runs(
    request: Request,
    connection: StoreConnection,
    source: Annotated[str, Query(max_length=100)] = "",
    state: State | Literal[""] = "",
    trigger: Trigger | Literal[""] = "",
    before: AwareDatetime | None = None,
    before_run: UUID | None = None,
) -> Response:
    asked = {name: value for name, value in (("source", source), ("state", state), ("trigger", trigger)) if value}
    key = {"before": before, "before_run": before_run} if before and before_run else {}
    with reading(connection, "run_page", **asked, **key, limit=PAGE + 1) as found:
        rows = list(found.rows)
    with reading(connection, "run_sources") as found:
        sources = [row["source"] for row in found.rows]
    shown = rows[:PAGE]
    return render(
        request,
        "runs.html",
        runs=[_shown(run) for run in shown],
        asked=asked,
        sources=sources,
        states=STATES,
        triggers=list(TRIGGERS.items()),
        next=_address(asked, shown[-1]) if len(rows) > PAGE else None,
        first=_address(asked, None) if key else None,
    )


@router.get("/runs/{run_id}")
def run(request: Request, connection: StoreConnection, run_id: UUID) -> Response:
    with reading(connection, "run", run_id=run_id) as found:
        row = next(found.rows, None)
    if row is None:
        raise NotThere(f"there is no run {run_id}", hint="it may be older than what is kept: all runs are at /runs")
    with reading(connection, "run_parts", run_id=run_id, limit=PARTS + 1) as found:
        parts = [{**part, "error": scrub(part["error"] or "")} for part in found.rows]
    settings: Settings = request.app.state.settings
    return render(
        request,
        "run.html",
        run=_shown(row),
        scope=_scope(row["params"]),
        parts=parts[:PARTS],
        more_parts=len(parts) > PARTS,
        missing=row["found"] - sum(row[fate] for fate in ACCOUNTED),
        step=of_run(row),
        letters=_letters(connection, run_id),
        kept=documents(settings, run_id),
    )


def _shown(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **run,
        "bar": charts.fates(run),
        "error": scrub(run["error"] or ""),
        "how": TRIGGERS.get(run["trigger"], run["trigger"]),
    }


def _scope(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a run was asked for, as names and values."""
    return [
        (name.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in params.items()
        if value not in (None, False, [])
    ]


def _letters(connection: Connection, run_id: UUID) -> list[dict[str, Any]]:
    """The newest dead letters of a run, without what they hold."""
    with reading(connection, "dead", run=str(run_id), limit=10) as found:
        return [{**letter, "error": scrub(letter["error"])} for letter in found.rows]


def _address(asked: Mapping[str, str], last: Mapping[str, Any] | None) -> str:
    """The address of the page that comes after the run `last`; None: the first."""
    key = {}
    if last is not None:
        began: datetime = last["started_at"]
        key = {"before": began.isoformat().replace("+00:00", "Z"), "before_run": str(last["run_id"])}
    said = urlencode({**asked, **key})
    return f"/runs?{said}" if said else "/runs"
