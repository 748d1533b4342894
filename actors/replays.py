"""What is sent when a dead letter is replayed: the message as it came, or for a row a batch of that one row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from dramatiq import Message

from actors.errors import NotReplayable
from actors.store.dead import BODY, REPLAY
from actors.store.letters import Letter
from contract import CONTRACT_VERSION
from contract.names import RECORD_RUN, STORE_MATCHES


def message_of(letter: Letter) -> Message[Any]:
    """The message that brings `letter` again. Of the same life it is the same message, however often it is sent.

    Raises NotReplayable.
    """
    options = {REPLAY: letter.replays + 1}
    if letter.kind == "match":
        return Message(letter.queue, STORE_MATCHES, (), _batch_of(letter), options, message_id=str(letter.carrier))
    payload = letter.payload
    if not isinstance(payload, Mapping) or BODY in payload or not payload.get("actor_name"):
        raise NotReplayable(
            f"letter {letter.id} holds what is no message",
            hint=f"mend its sender, then: touchline dead drop {letter.id} --why …",
        )
    return Message(
        queue_name=letter.queue,
        actor_name=payload["actor_name"],
        args=tuple(payload.get("args", ())),
        kwargs=payload.get("kwargs", {}),
        options={**payload.get("options", {}), **options},
        message_id=str(letter.carrier),
    )


def _batch_of(letter: Letter) -> dict[str, Any]:
    if letter.actor == RECORD_RUN:
        raise NotReplayable(
            f"letter {letter.id} is a row that its source could not say as a match, so there is nothing to send",
            hint=f"mend the source, then: touchline scrape {letter.source} --full",
        )
    if letter.run_id is None or letter.part is None or letter.observed_at is None:
        raise NotReplayable(
            f"letter {letter.id} does not say which observation it is of",
            hint=f"read it again: touchline scrape {letter.source} --full",
        )
    return {
        "contract": CONTRACT_VERSION,
        "run_id": str(letter.run_id),
        "source": letter.source,
        "part": letter.part,
        "sequence": 0,
        "observed_at": letter.observed_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "matches": [letter.payload],
    }
