"""What scrapers in other languages send: the messages of the contract, published to the queue as ours are.

A message is held to its schema first (contract/*.schema.json), and then to what the actor that stores it would refuse
all the same. Its id is made of the run and of what it says, as that of our own producer's is: a message that is sent
again, because an answer was lost, is stored once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, NoReturn
from uuid import UUID, uuid5

import dramatiq
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from actors.console.access import TokenActor
from actors.console.api.answers import answer
from actors.console.api.documented import acts
from actors.console.api.paging import Asked
from actors.console.api.shapes import Taken
from actors.console.broker import sending
from actors.console.errors import Invalid, Refused
from actors.errors import ContractViolation, UnknownContractVersion
from actors.models import parse_batch, parse_event, parse_standings
from contract.broker.bodies import DEEPEST, is_deep
from contract.names import QUEUE_OF, RECORD_RUN, STORE_MATCHES, STORE_STANDINGS
from contract.validation import Error, errors

router = APIRouter(tags=["Producers"], dependencies=[TokenActor])


class NoJson(Refused):
    """A body that no JSON document is."""

    status = 400


class Broken(Invalid):
    """A document that breaks the contract; `errors` says where."""

    def __init__(self, what: str, found: list[Error]) -> None:
        super().__init__(
            f"the {what} breaks the contract: {found[0].pointer or 'the document'} {found[0].said}",
            hint="nothing was published; the shape is in the OpenAPI document, with every field explained",
        )
        self.errors = [{"where": error.pointer, "what": error.said} for error in found]


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]
Nothing = Annotated[Asked, Query()]


def _takes(schema: str, summary: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return acts(
        Taken,
        summary,
        400,
        413,
        done=202,
        said="The broker has the message.",
        requestBody={"required": True, "content": content},
    )


@router.post("/matches", **_takes("contract.batch", "Send a batch of matches"))
def send_matches(request: Request, body: Body, _: Nothing) -> Response:
    """Refused as a whole where one of its matches breaks the contract: what cannot be said as a match is for `rejected`
    (POST /runs).
    """
    batch = _document("batch", body)
    _, _, bad = _parsed("batch", lambda: parse_batch(batch))
    if bad:
        raise Broken("batch", [Error(f"/matches/{row.index}", row.error) for row in bad])
    rows = batch["matches"]
    name = f"{batch['part']}/batch/{int(batch['sequence'])}/{_digest(rows)}"
    return _published(request, STORE_MATCHES, batch, name, len(rows))


@router.post("/standings", **_takes("contract.standings", "Send official tables"))
def send_standings(request: Request, body: Body, _: Nothing) -> Response:
    """Tables as the league publishes them. They are no rows of the run's account."""
    said = _document("standings", body)
    _parsed("standings", lambda: parse_standings(said))
    name = f"{said['part']}/standings/{int(said['sequence'])}/{_digest(said['tables'])}"
    return _published(request, STORE_STANDINGS, said, name, 0)


@router.post("/runs", **_takes("contract.run", "Say what a run does"))
def send_run_event(request: Request, body: Body, _: Nothing) -> Response:
    """`started` first, then `part_finished` or `failed` for each part that it named, and `alive` at least every 20 s
    while nothing else is sent.
    """
    event = _document("run", body)
    _parsed("run event", lambda: parse_event(event))
    rejects = event.get("rejects")
    said = event if rejects is None else rejects
    name = f"{event.get('part') or ''}/{event['event']}/0/{_digest(said)}"
    return _published(request, RECORD_RUN, event, name, len(rejects or ()))


def _document(schema: str, body: bytes) -> dict[str, Any]:
    """The document in `body`, which is as its schema says. Raises NoJson or Broken."""
    try:
        document = json.loads(body.decode(), parse_constant=_no_number, parse_float=_finite)
        if is_deep(body, document):
            raise RecursionError
    except RecursionError:
        raise NoJson(f"the body has more than {DEEPEST} levels of JSON") from None
    except ValueError as error:
        raise NoJson(f"the body is no JSON: {error}", hint="send UTF-8, with Content-Type: application/json") from None
    if found := errors(schema, document):
        raise Broken(_NAMES[schema], found)
    said: dict[str, Any] = document
    return said


_NAMES: Final = {"batch": "batch", "standings": "standings message", "run": "run event"}


def _parsed(what: str, parse: Any) -> Any:
    try:
        return parse()
    except (ContractViolation, UnknownContractVersion) as error:
        raise Broken(what, [Error("", str(error))]) from None


def _published(request: Request, actor: str, kwargs: Mapping[str, Any], name: str, rows: int) -> Response:
    message_id = uuid5(UUID(kwargs["run_id"]), name)
    queue = QUEUE_OF[actor]
    message: dramatiq.Message[Any] = dramatiq.Message(queue, actor, (), dict(kwargs), {}, message_id=str(message_id))
    with sending(request.app.state.settings) as broker:
        broker.enqueue(message)
    return answer(request, {"message_id": message_id, "queue": queue, "rows": rows}, status=202)


def _digest(said: Any) -> str:
    # the order of fields and white space make no other message
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number
