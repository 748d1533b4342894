"""What the league changed: a feed, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from actors.console.changed import FIELDS, events, key
from actors.console.database import StoreConnection
from actors.console.errors import Invalid
from actors.console.rendering import render
from actors.store.reading import reading

router = APIRouter()

#: Rows that are read for a page: of each match that changed some two or three.
PAGE: Final = 150


@router.get("/changes")
def changes(
    request: Request,
    connection: StoreConnection,
    team: Annotated[str, Query(max_length=100)] = "",
    source: Annotated[str, Query(max_length=100)] = "",
    field: Annotated[str, Query(max_length=40)] = "",
    run: Annotated[UUID | None, Query()] = None,
    before: AwareDatetime | None = None,
    before_source: Annotated[str, Query(max_length=100)] = "",
    before_match: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    if field and field not in dict(FIELDS):
        raise Invalid(f"no match has a field {field!r}", hint="choose one of the list")
    said = {"team": team.strip(), "source": source, "field": field, "run": str(run or "")}
    asked = {name: value for name, value in said.items() if value}
    after = {"before": before, "before_source": before_source, "before_match": before_match} if before else {}
    with reading(connection, "change_page", **asked, **after, limit=PAGE + 1) as found:
        rows = list(found.rows)
    more = len(rows) > PAGE
    if more:
        rows = _whole(rows)
    with reading(connection, "run_sources") as found:
        sources = [row["source"] for row in found.rows]
    return render(
        request,
        "changes.html",
        events=list(events(rows)),
        asked=asked,
        sources=sources,
        fields=FIELDS,
        next=_address(asked, rows[-1]) if more else None,
        first=_address(asked, None) if after else None,
    )


def _whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the last event, which may go on beyond these rows; unless there is no other."""
    return [row for row in rows if key(row) != key(rows[-1])] or rows


def _address(asked: Mapping[str, str], last: Mapping[str, Any] | None) -> str:
    """The address of the page that comes after the event of `last`; None: the first."""
    after = {}
    if last is not None:
        at: datetime = last["changed_at"]
        after = {
            "before": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "before_source": last["source"],
            "before_match": last["match_id"],
        }
    said = urlencode({**asked, **after})
    return f"/changes?{said}" if said else "/changes"
