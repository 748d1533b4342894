"""Dead letters: a page of them, and one with everything that is known of it. `dead_acts` is what is done about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from actors.console.database import StoreConnection
from actors.console.errors import NotThere
from actors.console.pages.dead_acts import WasDone
from actors.console.rendering import render
from actors.store.reading import reading
from contract.names import QUEUES
from contract.passwords import scrub

router = APIRouter()

STATES: Final = (("open", "Open"), ("replayed", "Replayed"), ("dropped", "Dropped"), ("all", "All"))

#: Letters on a page, and characters of what a letter held that a page shows.
PAGE: Final = 50
SHOWN: Final = 100_000

State = Literal["open", "replayed", "dropped", "all"]


@router.get("/dead-letters")
def dead_letters(
    request: Request,
    connection: StoreConnection,
    done: WasDone,
    state: State = "open",
    source: Annotated[str, Query(max_length=100)] = "",
    kind: Literal["match", "message", ""] = "",
    queue: Annotated[str, Query(max_length=100)] = "",
    reason: Annotated[str, Query(max_length=200)] = "",
    run: UUID | Literal[""] = "",
    before: AwareDatetime | None = None,
    before_id: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    said = {"source": source, "kind": kind, "queue": queue, "reason": reason.strip(), "run": str(run)}
    asked = {name: value for name, value in said.items() if value}
    key = {"before": before, "before_id": before_id} if before and before_id else {}
    chosen = {} if state == "all" else {"state": state}
    with reading(connection, "dead_page", **asked, **chosen, **key, limit=PAGE + 1) as found:
        rows = [_shown(row) for row in found.rows]
    with reading(connection, "run_sources") as found:
        sources = [row["source"] for row in found.rows]
    shown = rows[:PAGE]
    here = asked if state == "open" else {**asked, "state": state}
    return render(
        request,
        "dead_letters.html",
        letters=shown,
        state=state,
        asked=asked,
        sources=sources,
        states=STATES,
        queues=QUEUES,
        done=done,
        here=_address(here, None),
        next=_address(here, shown[-1]) if len(rows) > PAGE else None,
        first=_address(here, None) if key else None,
    )


@router.get("/dead-letters/{letter_id}")
def dead_letter(request: Request, connection: StoreConnection, done: WasDone, letter_id: int) -> Response:
    letter = None
    if 0 < letter_id < 2**63:
        with reading(connection, "dead_letter", id=letter_id) as found:
            letter = next(found.rows, None)
    if letter is None:
        raise NotThere(f"there is no dead letter {letter_id}", hint="all of them are at /dead-letters?state=all")
    held = letter["payload"] if letter["body"] is None else letter["body"]
    text = held if isinstance(held, str) else json.dumps(held, indent=2, ensure_ascii=False)
    return render(
        request,
        "dead_letter.html",
        letter={**_shown(letter), "traceback": scrub(letter["traceback"] or "")},
        acts=[_act(act) for act in letter["history"]],
        held=text[:SHOWN],
        cut=len(text) > SHOWN,
        done=done,
    )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A letter for a page. One that was replayed is on its way until its message is stored."""
    state = row["state"]
    if state == "replayed":
        state = "stored" if row["settled_at"] else "on its way"
    return {**row, "error": scrub(row["error"] or ""), "stands": state}


def _act(act: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody did, with its times."""
    at, outcome_at = (datetime.fromisoformat(act[name]) if act[name] else None for name in ("at", "outcome_at"))
    return {**act, "at": at, "outcome_at": outcome_at, "error": scrub(act["error"] or "")}


def _address(asked: Mapping[str, str], last: Mapping[str, Any] | None) -> str:
    """The address of the page that comes after the letter `last`; None: the first."""
    key = {}
    if last is not None:
        died: datetime = last["died_at"]
        key = {"before": died.astimezone(UTC).isoformat().replace("+00:00", "Z"), "before_id": str(last["id"])}
    said = urlencode({**asked, **key})
    return f"/dead-letters?{said}" if said else "/dead-letters"
