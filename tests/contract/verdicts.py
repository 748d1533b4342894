"""What the two models say of a document, asked alike for every message."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from actors import models as consumer
from actors.errors import ContractViolation, UnknownContractVersion
from contract.refusals import reason_of
from ingest import models as producer

EVENTS: dict[str, type[producer.Message]] = {
    "started": producer.RunStarted,
    "alive": producer.RunAlive,
    "rejected": producer.RowsRejected,
    "part_finished": producer.PartFinished,
    "failed": producer.RunFailed,
}
MODELS: dict[str, type[producer.Said]] = {
    "match": producer.Match,
    "batch": producer.Batch,
    "standings": producer.Standings,
    "scrape": producer.ScrapeOrder,
}
_HEAD = {
    "contract": 1,
    "run_id": "0b6f1f5e-7a54-4b1c-9a0e-2f6c1d3e4a5b",
    "source": "mlsnext",
    "part": "homegrown",
    "sequence": 0,
    "observed_at": "2026-10-03T22:30:00Z",
}


def make(message: str, document: Any) -> producer.Said:
    """`document` as the producer says it. Raises ValidationError."""
    if message != "run":
        return MODELS[message].model_validate(document)
    event = document.get("event") if isinstance(document, dict) else None
    # an event that does not exist is refused by whichever model it is tried on
    return EVENTS.get(event if isinstance(event, str) else "", producer.RunFailed).model_validate(document)


def producer_refuses(message: str, document: Any) -> list[str]:
    """The reasons for which the producer cannot say `document`; empty where it can."""
    try:
        make(message, document)
    except ValidationError as error:
        return [reason_of(detail) for detail in error.errors(include_url=False)]
    return []


def consumer_refuses(message: str, document: Any) -> list[str]:
    """The reasons for which the consumer does not take `document`; empty where it takes all of it."""
    try:
        match message:
            case "match":
                _, _, bad = consumer.parse_batch({**_HEAD, "matches": [document]})
                return [row.reason for row in bad]
            case "batch":
                _, _, bad = consumer.parse_batch(document)
                return [row.reason for row in bad]
            case "standings":
                consumer.parse_standings(document)
            case "run":
                consumer.parse_event(document)
            case "scrape":
                consumer.parse_order(document)
            case _:
                raise KeyError(message)
    except (ContractViolation, UnknownContractVersion) as error:
        return [type(error).__name__]
    return []
