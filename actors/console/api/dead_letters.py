"""What programs ask of dead letters, and that they are sent again."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from actors.console.access import TokenActor
from actors.console.api.answers import answer
from actors.console.api.documented import acts, reads
from actors.console.api.fields import Since, Text
from actors.console.api.paging import Asked, Page, after, page
from actors.console.api.shapes import Letters, Replayed, WholeLetter
from actors.console.broker import sending
from actors.console.database import StoreConnection, TheStore
from actors.console.errors import Conflict, NotThere
from actors.replaying import REFUSED, SENT, Pace, explain_taken, replay
from actors.store.letters import standing
from actors.store.reading import reading

router = APIRouter(tags=["Dead letters"])

#: Who replays, for the record: the token names nobody.
BY: Final = "HTTP API"

#: As PostgreSQL counts letters.
LetterId = Annotated[int, Path(description="The dead letter.", ge=1, lt=2**63)]


class LetterFilters(Page):
    state: Annotated[Literal["open", "replayed", "dropped"] | None, Field(description="Only these.")] = None
    kind: Annotated[
        Literal["match", "message"] | None, Field(description="Only rows of a batch, or only whole messages.")
    ] = None
    reason: Annotated[Text | None, Field(description="Only those with just this reason.")] = None
    queue: Annotated[Text | None, Field(description="Only those that came through this queue.")] = None
    source: Annotated[Text | None, Field(description="Only of this source.")] = None
    run: Annotated[UUID | None, Field(description="Only of this run.")] = None
    since: Annotated[Since, Field(description="Only those that died since then.")] = None


@router.get("/dead-letters", **reads(Letters, "Dead letters, newest first"))
def letters(request: Request, asked: Annotated[LetterFilters, Query()], connection: StoreConnection) -> Response:
    (before,) = after(asked.cursor, int)
    with reading(
        connection,
        "api_dead",
        **asked.model_dump(exclude={"cursor", "limit"}),
        after_id=before,
        limit=asked.limit + 1,
    ) as found:
        rows = list(found.rows)
    return answer(request, page(request, "dead_letters", rows, asked.limit, "id"))


@router.get("/dead-letters/{letter_id}", **reads(WholeLetter, "A dead letter with everything that is known of it"))
def letter(
    request: Request, letter_id: LetterId, _: Annotated[Asked, Query()], connection: StoreConnection
) -> Response:
    with reading(connection, "dead_letter", id=letter_id) as found:
        row = next(found.rows, None)
    if row is None:
        raise NotThere("there is no such dead letter", hint="GET /api/v1/dead-letters lists them")
    row.pop("body")  # what the payload cannot show of what came, for the replay
    return answer(request, row)


@router.post(
    "/dead-letters/{letter_id}/replay",
    dependencies=[TokenActor],
    **acts(Replayed, "Send a dead letter again", 404, 409, done=202, said="It was sent, and the broker has it."),
)
def replay_letter(request: Request, letter_id: LetterId, _: Annotated[Asked, Query()], store: TheStore) -> Response:
    """Sent twice it is the same message, which is stored once. What dies again is the same letter."""
    with store.connection() as connection:
        if letter_id not in standing(connection, [letter_id]):
            raise NotThere("there is no such dead letter", hint="GET /api/v1/dead-letters lists them")
        with sending(request.app.state.settings) as broker:
            done = list(replay(connection, broker, [letter_id], BY, Pace(0)))
        explain_taken(connection, done)
    (told,) = done
    if told["outcome"] == REFUSED:
        raise Conflict(told["error"])
    if told["outcome"] != SENT:
        raise Conflict(told["error"] or "it is not open any more", hint="GET it to see what became of it")
    return answer(request, {name: told[name] for name in ("id", "outcome", "queue", "message_id")}, status=202)
