"""What one run says on the queue: the envelopes of its messages, their ids, and that `started` goes first.

Nothing is said before there is something to say: a run in which every part is as it was publishes nothing at all.

The id of a message that is counted (`batch`, `rejected`) is made of the run, the part, its number and its rows, so
that a part that is read again under the same run (a scrape order that was delivered twice) sends the other side
nothing that it would count twice. The end of a part names these ids, so that the other side knows which messages are
still under way, and which rows an earlier reading left. The other messages may be repeated: each states what is so, the
later word counts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from contract import CONTRACT_VERSION
from contract.names import RECORD_RUN, STORE_MATCHES, STORE_STANDINGS
from ingest.batches import Cut, Row, overhead, plain, shortened
from ingest.models import MOST_MESSAGES, PartFinished, RejectedRow, RunAlive, RunFailed, RunStarted
from ingest.publisher import Delivery, Publisher
from ingest.sources import Part, Reject, Scope

#: Of `at`, where a message is measured before its time has come.
_NEVER: Final = "1970-01-01T00:00:00.000000Z"
#: What the contract leaves for a sentence, and for an id.
_LONGEST_ERROR: Final = 2000
_LONGEST_ID: Final = 100
_REASON: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


def utc(moment: datetime) -> str:
    """`moment`, which is in UTC, as the contract writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Messages:
    """The messages of one run. Raises pydantic's ValidationError where source or parts have impossible names."""

    def __init__(
        self,
        publisher: Publisher,
        run_id: UUID,
        source: str,
        parts: Iterable[Part],
        *,
        params: dict[str, Any],
        trigger: str,
        scheduled_for: str | None,
        now: Callable[[], datetime],
        heard: Callable[[], None] = lambda: None,
        begun: bool = False,
    ) -> None:
        """`heard` is called each time that the broker has confirmed a message. A run that has `begun` was said to."""
        self._publisher = publisher
        self._heard = heard
        self._run_id = run_id
        self._source = source
        self._now = now
        self._head = {"contract": CONTRACT_VERSION, "run_id": str(run_id), "source": source}
        # made now, sent with the first thing there is to say
        started = RunStarted.model_validate(
            {
                **self._head,
                "at": utc(now()),
                "params": params,
                "trigger": trigger,
                "scheduled_for": scheduled_for,
                "parts": tuple(part.name for part in parts),
            }
        )
        self._started: RunStarted | None = None if begun else started
        self._unchanged: list[PartFinished] = []
        self._noticed: set[str] = set()

    @property
    def said(self) -> bool:
        """Whether anybody has heard of this run."""
        return self._started is None

    def begin(self) -> None:
        """Say that the run starts, and nothing else yet."""
        if self._started is not None:
            self._say_started(self._started)

    def batch(self, part: Part, observed_at: str, sequence: int, cut: Cut) -> str:
        """Matches of `part`. Returns the message's id, as `rejected` does."""
        envelope = self.envelope(part, observed_at, matches=cut.rows)
        return self._counted(STORE_MATCHES, {**envelope, "sequence": sequence}, part, "batch", sequence, cut.digest)

    def standings(self, part: Part, observed_at: str, sequence: int, cut: Cut) -> None:
        """Official tables of `part`."""
        envelope = self.envelope(part, observed_at, **standings_of(part), tables=cut.rows)
        self._counted(STORE_STANDINGS, {**envelope, "sequence": sequence}, part, "standings", sequence, cut.digest)

    def rejected(self, part: Part, sequence: int, cut: Cut) -> str:
        """Rows of `part` that are no matches of the contract."""
        kwargs = self.rejection(part, at=utc(self._now()), rejects=cut.rows)
        return self._counted(RECORD_RUN, kwargs, part, "rejected", sequence, cut.digest)

    def part_finished(
        self,
        part: Part,
        observed_at: str,
        *,
        found: int,
        batches: int,
        complete: bool,
        messages: Mapping[str, int] | None = None,
    ) -> None:
        """`part` was read to its end, and everything of it is sent: in `messages`, by id with the rows of each."""
        self._event(
            PartFinished(
                **self._model_head(),
                at=utc(self._now()),
                part=part.name,
                observed_at=observed_at,
                found=found,
                batches=batches,
                messages=_named(messages),
                complete=complete,
                not_modified=False,
                notice=self._notice(part),
            )
        )

    def not_modified(self, part: Part) -> None:
        """Nothing in `part` changed; said only if the run has something else to say."""
        event = PartFinished(
            **self._model_head(),
            at=utc(self._now()),
            part=part.name,
            found=0,
            batches=0,
            complete=False,
            not_modified=True,
        )
        if self.said:
            self._event(event)
        else:
            self._unchanged.append(event)

    def not_published(self, part: Part, notice: str) -> None:
        """The site does not have `part` (yet), and nobody asked for it by name."""
        self._event(
            PartFinished(
                **self._model_head(),
                at=utc(self._now()),
                part=part.name,
                found=0,
                batches=0,
                complete=False,
                not_modified=False,
                notice=_sentence(_with_notice(notice, part)),
            )
        )

    def failed(
        self,
        part: Part,
        kind: str,
        error: str,
        *,
        found: int,
        batches: int,
        messages: Mapping[str, int] | None = None,
        interrupted: bool | None = None,
    ) -> None:
        """`part` failed after `found` rows of it were sent, or was left because somebody stopped the run."""
        self._event(
            RunFailed.model_validate(
                {
                    **self._head,
                    "at": utc(self._now()),
                    "part": part.name,
                    "kind": kind,
                    "error": _sentence(_with_notice(error, part)),
                    "found": found,
                    "batches": batches,
                    "messages": _named(messages),
                    "interrupted": interrupted,
                }
            )
        )

    def alive(self) -> tuple[dict[str, Any], str]:
        """That the run goes on: the arguments for `record_run`, and the id of that message. Sends nothing."""
        kwargs = RunAlive(**self._model_head(), at=utc(self._now())).wire()
        return kwargs, str(uuid5(self._run_id, f"/alive/0/{kwargs['at']}"))

    def envelope(self, part: Part, observed_at: str, **rows: Any) -> dict[str, Any]:
        """A message about `part` without its sequence number."""
        return {**self._head, "part": part.name, "sequence": 0, "observed_at": observed_at, **rows}

    def rejection(self, part: Part, *, at: str = _NEVER, rejects: list[Row]) -> dict[str, Any]:
        """A `rejected` event."""
        return {**self._head, "event": "rejected", "at": at, "part": part.name, "rejects": rejects}

    def room(self, part: Part, observed_at: str) -> dict[str, int]:
        """Bytes of each kind of message about `part` without its rows."""
        return {
            "batch": overhead(STORE_MATCHES, self.envelope(part, observed_at, matches=[])),
            "standings": overhead(STORE_STANDINGS, self.envelope(part, observed_at, **standings_of(part), tables=[])),
            "rejected": overhead(RECORD_RUN, self.rejection(part, rejects=[])),
        }

    def _model_head(self) -> dict[str, Any]:
        return {"run_id": str(self._run_id), "source": self._source}

    def _notice(self, part: Part) -> str | None:
        """What is to be known of `part`, unless another part of the run has said the same."""
        if not part.notice or part.notice in self._noticed:
            return None
        self._noticed.add(part.notice)
        return _sentence(part.notice)

    def _event(self, event: PartFinished | RunFailed | RunStarted) -> None:
        kwargs = event.wire()
        body = json.dumps(kwargs, sort_keys=True).encode()
        part = "" if isinstance(event, RunStarted) else event.part or ""
        self._send(RECORD_RUN, kwargs, f"{part}/{event.event}/0/{hashlib.sha256(body).hexdigest()}")

    def _say_started(self, started: RunStarted) -> None:
        self._started = None
        self._event(started)
        unchanged, self._unchanged = self._unchanged, []
        for event in unchanged:
            self._event(event)

    def _counted(self, actor: str, kwargs: dict[str, Any], part: Part, kind: str, sequence: int, digest: str) -> str:
        return self._send(actor, kwargs, f"{part.name}/{kind}/{sequence}/{digest}")

    def _send(self, actor: str, kwargs: dict[str, Any], name: str) -> str:
        if self._started is not None:
            self._say_started(self._started)
        message_id = str(uuid5(self._run_id, name))
        if self._publisher.send(actor, kwargs, message_id) is Delivery.CONFIRMED:
            self._heard()
        return message_id


def _named(messages: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if messages is None or len(messages) > MOST_MESSAGES else dict(messages)


def params_of(scope: Scope, *, full: bool, reparse: UUID | None = None) -> dict[str, Any]:
    """What a run was asked for, as it was said: what is left open is absent."""
    said: dict[str, Any] = {
        "leagues": list(scope.leagues),
        "age_groups": list(scope.age_groups),
        "divisions": list(scope.divisions),
        "teams": list(scope.teams),
        "season": scope.season,
        "date_from": scope.date_from and scope.date_from.isoformat(),
        "date_to": scope.date_to and scope.date_to.isoformat(),
        "full": full,
        "reparse": reparse and str(reparse),
    }
    return {name: value for name, value in said.items() if value}


def standings_of(part: Part) -> dict[str, str]:
    """Which tables these are. A site with a single league need not name it."""
    return {"season": part.season, "league": part.league or part.name}


def reject_row(reject: Reject) -> Row:
    """`reject` as it crosses the queue, whatever the source put into it."""
    match_id = str(plain(reject.match_id)) if reject.match_id else None
    row = RejectedRow(
        match_id=match_id if match_id and len(match_id) <= _LONGEST_ID else None,
        reason=reject.reason if _REASON.fullmatch(reject.reason) else "rejected",
        error=_sentence(reject.error),
        payload=plain(reject.payload),
    )
    return {**row.wire(), "payload": row.payload}


def too_large(match_id: str | None, row: Row, error: Exception) -> Row:
    """What is said of a row that fits no message."""
    return reject_row(Reject(match_id, "too_large", str(error), shortened(row)))


def _with_notice(error: str, part: Part) -> str:
    """How a part was found may be why it was not there."""
    return "; ".join(said for said in (error, part.notice) if said)


def _sentence(error: str) -> str:
    return str(plain(error))[:_LONGEST_ERROR] or "no reason was given"
