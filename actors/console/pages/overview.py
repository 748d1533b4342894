"""The first page: whether all is well, and what comes in, waits and is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from actors.console import charts
from actors.console.rendering import render
from actors.console.situation import Observer, Situation, Stored
from actors.console.wellbeing import judge, since
from contract.errors import TouchlineError

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Source:
    """One source: how its last run ended and when, when the last good one did, and how many are under way."""

    name: str
    state: str | None
    ended_at: datetime | None
    good_at: datetime | None
    running: int
    behind: int | None
    bar: charts.Bar | None
    run_id: str | None
    read_by: str


@router.get("/")
def overview(request: Request) -> Response:
    observer: Observer = request.app.state.observer
    situation = observer.look()
    stored = situation.store if isinstance(situation.store, Stored) and not situation.store.pending else None
    return render(
        request,
        "overview.html",
        wellbeing=judge(situation),
        situation=situation,
        stored=stored,
        queues=None if isinstance(situation.queues, TouchlineError) else situation.queues,
        **(_of(stored, situation) if stored else {}),
    )


def _of(stored: Stored, situation: Situation) -> dict[str, Any]:
    return {
        "sources": list(_sources(stored)),
        "letters": sum(row["letters"] for row in stored.figures.get("dead_letters") or ()),
        "oldest_letter": since(min((row["oldest"] for row in stored.figures.get("dead_letters") or ()), default=None)),
        "inserted": charts.daily(stored.days, "inserted", "matches stored"),
        "updated": charts.daily(stored.days, "updated", "matches changed", "second"),
        "durations": charts.durations(stored.runs),
        "ended": [run for run in stored.runs if run["duration_seconds"] is not None],
        "unread": sorted({one.source for one in situation.schedules.values()} - {row["source"] for row in stored.runs}),
    }


def _sources(stored: Stored) -> Iterator[Source]:
    behind = {row["source"]: row["matches"] for row in stored.figures.get("behind") or ()}
    readers: dict[str, list[str]] = {}
    for reader in stored.reading_now:
        readers.setdefault(reader["source"], []).append(f"{reader['host']} [{reader['pid']}]")
    for row in stored.figures.get("runs") or ():
        ended = since(row["finished"])
        yield Source(
            row["source"],
            row["state"],
            ended,
            since(row["last_good"]),
            row["running"],
            behind.get(row["source"]),
            None if row["state"] is None else charts.fates(row),
            next((str(run["run_id"]) for run in stored.runs if _is(run, row["source"], row["finished"])), None),
            ", ".join(readers.get(row["source"], ())),
        )


def _is(run: dict[str, Any], source: str, finished: float | None) -> bool:
    """Whether `run` is the one of `source` that ended then, in seconds since 1970."""
    return run["source"] == source and run["finished_at"] is not None and run["finished_at"].timestamp() == finished
