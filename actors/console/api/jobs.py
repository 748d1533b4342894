"""Jobs: runs that programs order, and how far they came (`actors.store.jobs`)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from actors.console.access import TokenActor
from actors.console.api.answers import answer
from actors.console.api.documented import acts, reads
from actors.console.api.fields import Date, Season, Text
from actors.console.api.paging import Asked, Page, page
from actors.console.api.runs import RunId, installed, time_and_id
from actors.console.api.shapes import Job, Jobs, Ordered
from actors.console.broker import sending
from actors.console.database import StoreConnection, TheStore
from actors.console.errors import Conflict, Invalid, NotThere
from actors.errors import KeyTaken
from actors.publishing import publish
from actors.store import jobs as store_jobs
from actors.store.reading import reading
from actors.store.slots import Order
from contract import CONTRACT_VERSION
from contract.fields import Flag
from contract.names import SCRAPE, SCRAPES

router = APIRouter(tags=["Jobs"])

Names = Annotated[list[Text], Field(max_length=200)]


class JobScope(BaseModel):
    """What to read. What is left out is left open."""

    model_config = ConfigDict(extra="forbid")

    leagues: Annotated[Names, Field(description="Only these leagues.")] = []
    age_groups: Annotated[Names, Field(description="Only these age groups.")] = []
    divisions: Annotated[Names, Field(description="Only these divisions.")] = []
    teams: Annotated[Names, Field(description="Only matches of teams whose names contain one of these.")] = []
    season: Annotated[Season | None, Field(description="The season; without it the one that is on.")] = None
    date_from: Annotated[Date | None, Field(description="Only matches on this day or later.")] = None
    date_to: Annotated[Date | None, Field(description="Only matches on this day or earlier.")] = None


class JobOrder(BaseModel):
    """A run to be ordered."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[Text, Field(description="One that GET /sources calls installed.", max_length=100)]
    scope: Annotated[JobScope, Field(description="What to read of it.")] = JobScope()
    full: Annotated[Flag, Field(description="Read what did not change since the last time, too.")] = False


#: What a program makes up to be told apart from itself: a UUID does.
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Sent again with it, an order is the same job, also where the first answer was lost.",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
    ),
]

_WHERE: Final = {
    "answer": {
        "headers": {"Location": {"description": "Where the job's state is.", "schema": {"type": "string"}}},
        "links": {"job": {"operationId": "job", "parameters": {"run_id": "$response.body#/run_id"}}},
    }
}


@router.post(
    "/jobs",
    dependencies=[TokenActor],
    **acts(
        Ordered,
        "Order a run",
        409,
        done=202,
        said="The broker has the order, of this or of an earlier request.",
        **_WHERE,
    ),
)
def order(
    request: Request, asked: JobOrder, _: Annotated[Asked, Query()], store: TheStore, key: Key = None
) -> Response:
    """Answers once the broker has confirmed the order. 503: nothing was ordered, as far as anybody knows; with a key it
    is safe to ask again in any case.
    """
    here = installed()
    if asked.source not in here:
        raise Invalid("there is no such source here", hint=f"installed are: {', '.join(here) or 'none'}")
    said = asked.model_dump(mode="json")
    params = {"scope": {name: value for name, value in said["scope"].items() if value}, "full": asked.full}
    try:
        with store.connection() as connection, sending(request.app.state.settings) as broker:
            run_id = store_jobs.order(
                connection,
                asked.source,
                params,
                partial(_order_of, asked.source, params),
                partial(publish, broker),
                key=key,
            )
    except KeyTaken as error:
        raise Conflict(str(error), hint=error.hint) from None
    links = _links(run_id)
    return answer(request, {"run_id": run_id, "links": links}, status=202, headers={"Location": links["self"]})


def _order_of(source: str, params: dict[str, Any], run_id: UUID) -> Order:
    kwargs = {"contract": CONTRACT_VERSION, "run_id": str(run_id), "source": source, **params, "trigger": "api"}
    return Order(SCRAPES, SCRAPE, kwargs)


class JobFilters(Page):
    source: Annotated[Text | None, Field(description="Only of this source.")] = None


@router.get("/jobs", **reads(Jobs, "Jobs, newest first"))
def jobs(request: Request, asked: Annotated[JobFilters, Query()], connection: StoreConnection) -> Response:
    created, run = time_and_id(asked.cursor)
    with reading(
        connection, "api_jobs", source=asked.source, after_created=created, after_run=run, limit=asked.limit + 1
    ) as found:
        rows = [{**row, "links": _links(row["run_id"])} for row in found.rows]
    return answer(request, page(request, "jobs", rows, asked.limit, "created_at", "run_id"))


@router.get("/jobs/{run_id}", **reads(Job, "How far a job came"))
def job(request: Request, run_id: RunId, _: Annotated[Asked, Query()], connection: StoreConnection) -> Response:
    with reading(connection, "api_jobs", run=run_id, limit=1) as found:
        row = next(found.rows, None)
    if row is None:
        raise NotThere("no job has that id", hint="GET /api/v1/runs has the runs that others ordered")
    return answer(request, {**row, "links": _links(run_id)})


def _links(run_id: UUID) -> dict[str, str]:
    return {
        "self": f"/api/v1/jobs/{run_id}",
        "run": f"/api/v1/runs/{run_id}",
        "changes": f"/api/v1/changes?run={run_id}",
    }
