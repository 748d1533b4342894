"""The actor that keeps a run's account."""

from __future__ import annotations

from typing import Any

import dramatiq

from actors import metrics
from actors.messages import current_message_id
from actors.models import PartFinished, RowsRejected, RunAlive, RunFailed, RunStarted, parse_event
from actors.pool import pool
from actors.store import runs
from actors.store.counts import Counts
from actors.store.database import Connection, transaction
from actors.store.dead import DeadRow, bury_rows, uncount
from actors.store.inbox import Claim, claim
from contract.names import RECORD_RUN, RUNS


@dramatiq.actor(actor_name=RECORD_RUN, queue_name=RUNS)
def record_run(**message: Any) -> None:
    """Record what a run says of itself (run.schema.json). Raises as `store_matches` does."""
    event = parse_event(message)
    message_id = current_message_id()
    verdict: runs.Verdict | None = None
    with transaction(pool()) as connection:
        claimed = claim(connection, message_id)
        if claimed is None:
            return
        match event:
            case RunStarted():
                verdict = runs.start(
                    connection,
                    event.run_id,
                    event.source,
                    at=event.at,
                    params=event.params,
                    trigger=event.trigger,
                    scheduled_for=event.scheduled_for,
                    parts=list(event.parts),
                )
            case RunAlive():
                runs.alive(connection, event.run_id)
            case RowsRejected():
                verdict = _bury(connection, event, claimed)
            case PartFinished():
                verdict = runs.end_part(
                    connection,
                    event.run_id,
                    event.source,
                    event.part,
                    at=event.at,
                    found=event.found,
                    batches=event.batches,
                    messages=event.messages,
                    complete=event.complete,
                    not_modified=event.not_modified,
                    observed_at=event.observed_at,
                    error=event.notice,
                )
            case RunFailed():
                verdict = runs.end_part(
                    connection,
                    event.run_id,
                    event.source,
                    event.part or "",
                    at=event.at,
                    found=event.found,
                    batches=event.batches,
                    messages=event.messages,
                    failed=True,
                    interrupted=event.interrupted,
                    kind=event.kind,
                    error=event.error,
                )
    if isinstance(event, RowsRejected):
        metrics.count_matches(event.source, Counts(dead=len(event.rejects)))
    runs.conclude(pool(), verdict)


def _bury(connection: Connection, event: RowsRejected, claimed: Claim) -> runs.Verdict | None:
    rows = [DeadRow(reject.match_id, reject.reason, reject.error, reject.payload) for reject in event.rejects]
    bury_rows(
        connection,
        rows,
        queue=RUNS,
        actor=RECORD_RUN,
        message_id=current_message_id(),
        run_id=event.run_id,
        source=event.source,
        part=event.part,
        observed_at=None,
    )
    uncount(connection, event.run_id, claimed.revived)
    return runs.count_batch(connection, event.run_id, event.source, Counts(dead=len(rows)))
