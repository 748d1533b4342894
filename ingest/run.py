"""One run: plan, fetch, parse, cut, publish, and only then remember that it was read.

For each part, in this order; a process may die between any two lines:

    fetch          nothing is said: nothing is lost, nothing is repeated
    parse, batch   each batch is confirmed by the broker or on disk before the next is cut
    standings      the official tables, likewise
    rejected       rows that are no matches of the contract, likewise
    part_finished  how many rows there were, for the account of the run
    commit         the ETags of the part's documents are remembered (`ingest.validators`)

- Dead before `commit`: what was sent arrives, the rest was never sent. No ETag was remembered, so the next run reads
  the part anew; what arrived before is then `unchanged`. Nothing is lost, one part's work is repeated. The other side
  misses the dead run's signs of life (`ingest.pulse`), and takes it for interrupted.
- Dead after `commit`: nothing is lost or repeated; parts that follow are read by the next run.
- Dead while a message is confirmed or spooled: it is sent, or it is not and the part is not committed, or it is both
  sent and spooled (the other side knows it by its id).
- The same run again (a scrape order that was delivered twice): a part that was committed says "not modified", one
  that was not is sent with the same ids, rows that did not change in between are counted once.

A part whose reading fails sends what was read of it, says `failed`, and holds up no other part. What fails to be sent
(neither broker nor disk take it) ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from ingest.batches import Cut, Cutter, Row, RowTooLarge
from ingest.errors import NotPublished
from ingest.messages import Messages, params_of, reject_row, too_large
from ingest.models import Match, StandingsTable
from ingest.outcome import Outcome, PartOutcome, Progress
from ingest.planning import SITE_ERRORS, Unplanned, plan
from ingest.publisher import Publisher
from ingest.pulse import INTERVAL, Pulse
from ingest.reading import Reader, Unreadable, rows, tables
from ingest.sources import Part, Reading, Reject, Scope, Source

if TYPE_CHECKING:
    from ingest.http import Fetcher

__all__ = ["Outcome", "PartOutcome", "Progress", "run"]

log = structlog.get_logger()

#: Seconds that an interrupted run gives the broker to hear of it: somebody has pressed Ctrl-C.
_FAREWELL: Final = 2.0


class _Unwatched:
    def planned(self, parts: Sequence[PartOutcome]) -> None:
        pass

    def advanced(self, part: PartOutcome) -> None:
        pass


def run(
    source: Source,
    scope: Scope,
    *,
    run_id: UUID,
    publisher: Publisher,
    fetcher: Fetcher,
    trigger: str = "cli",
    scheduled_for: str | None = None,
    full: bool = False,
    reparse: UUID | None = None,
    progress: Progress | None = None,
    alive_every: float = INTERVAL,
    only: str | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Outcome:
    """Read `scope` of `source` and publish what it says.

    What earlier runs left in the spool goes first. `fetcher.validators` decide what is asked for conditionally; `full`
    only says in the run's parameters that they were told not to, and `reparse` whose documents are read again. A run
    that says nothing else for `alive_every` seconds says that it is alive. With `only` it reads the part of that name,
    of a run that was said to `begin`. Raises UnknownScope where the source has no such league or season,
    SpoolUnwritable where neither broker nor disk take a message, and KeyboardInterrupt, having told the other side that
    the run was interrupted.
    """
    reads: Source = source
    try:
        parts = plan(source, scope, fetcher, only=only)
    except SITE_ERRORS as error:
        reads = Unplanned(source, error, only=only)
        parts = reads.parts
    else:
        if fetcher.keeper is not None:
            fetcher.keeper.planned(parts)
    spooled_before = publisher.spooled
    pulse = Pulse(publisher.make_broker, lambda: messages.alive(), interval=alive_every)
    messages = Messages(
        publisher,
        run_id,
        source.name,
        parts,
        params=params_of(scope, full=full, reparse=reparse),
        trigger=trigger,
        scheduled_for=scheduled_for,
        now=now,
        heard=pulse.heard,
        begun=only is not None,
    )
    outcome = Outcome(run_id, [PartOutcome(part.name, part.notice) for part in parts])
    watcher: Progress = progress or _Unwatched()
    watcher.planned(outcome.parts)
    outcome.flushed = publisher.flush()
    try:
        with pulse, Reader(reads, fetcher, parts) as reader:
            for part, account in zip(parts, outcome.parts, strict=True):
                _part(part, account, reader, scope, messages, watcher)
                _remember(part, account, fetcher, publisher)
                watcher.advanced(account)
            _say_absent(parts, outcome.parts, messages, fetcher)
    except KeyboardInterrupt:
        publisher.hurry(_FAREWELL)
        _say_interrupted(messages, parts, outcome.parts)
        raise
    outcome.spooled = publisher.spooled - spooled_before
    outcome.away = publisher.away
    return outcome


def begin(
    source: Source,
    scope: Scope,
    parts: Sequence[Part],
    *,
    run_id: UUID,
    publisher: Publisher,
    trigger: str,
    scheduled_for: str | None,
    full: bool,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Say that a run of these parts starts, each of which is read by an order of its own. Raises SpoolUnwritable."""
    params = params_of(scope, full=full)
    Messages(
        publisher, run_id, source.name, parts, params=params, trigger=trigger, scheduled_for=scheduled_for, now=now
    ).begin()


def _part(
    part: Part, account: PartOutcome, reader: Reader, scope: Scope, messages: Messages, watcher: Progress
) -> None:
    """Read `part` and send everything that it says; `account` tells how far that came."""
    sender: _Sender | None = None
    try:
        with reader.reading(part) as reading:
            if reading is None:
                account.not_modified = True
                messages.not_modified(part)
            else:
                sender = _Sender(part, reading.observed_at, account, messages, watcher)
                _send(sender, reading, scope)
                account.complete = reading.complete and not scope.filtered and not account.rejected
                messages.part_finished(
                    part,
                    reading.observed_at,
                    found=account.found,
                    batches=account.batches,
                    messages=account.messages,
                    complete=account.complete,
                )
    except Unreadable as error:
        if sender is not None:
            sender.finish()
        account.fail(error.reason, asked_for=bool(scope.leagues or account.found))
        if account.absent:
            return
        # with its traceback where nobody foresaw it: a source's own errors say all there is to say
        log.error(
            "part_failed",
            part=part.name,
            error=account.error,
            exc_info=error.reason if account.kind == "unknown" else None,
        )
        _say_failed(part, account, messages)
    account.ended = True


def _say_failed(part: Part, account: PartOutcome, messages: Messages) -> None:
    kind, error = account.kind or "unknown", account.error or ""
    messages.failed(part, kind, error, found=account.found, batches=account.batches, messages=account.messages)


def _say_absent(parts: Sequence[Part], accounts: Sequence[PartOutcome], messages: Messages, fetcher: Fetcher) -> None:
    """End the parts that the site does not have: quietly beside others that it has, as failed where it has none.

    One that was there before is said in any case.
    """
    none_there = all(account.absent for account in accounts)
    if fetcher.validators is not None:
        for account in accounts:
            account.vanished = account.absent and fetcher.validators.was_there(account.name)
    for part, account in zip(parts, accounts, strict=True):
        if not account.absent:
            continue
        notice = account.error or ""
        if none_there:
            account.fail(NotPublished(notice, hint=account.hint))
            log.error("part_failed", part=part.name, error=notice)
            messages.failed(part, "permanent", notice, found=0, batches=0, messages={})
        elif messages.said or any(account.vanished for account in accounts):
            messages.not_published(part, notice)
        account.ended = True


def _send(sender: _Sender, reading: Reading, scope: Scope) -> None:
    for row in rows(reading.matches, scope):
        if isinstance(row, Match):
            sender.match(row)
        else:
            sender.reject(row)
    for table in tables(reading.standings, scope):
        sender.table(table)
    sender.finish()


def _remember(part: Part, account: PartOutcome, fetcher: Fetcher, publisher: Publisher) -> None:
    """Remember the part's ETags, if everything that was read under them will arrive without anybody's doing.

    Where the broker's settings are wrong it may not: what is spooled for a vhost that was misspelt stays there. A part
    that failed or was empty is read in full by the next run: of "nothing there" nobody may say "nothing new".
    """
    if fetcher.validators is None:
        return
    if account.error is not None or not (account.found or account.not_modified):
        fetcher.validators.forget(part.name)
    elif publisher.misconfigured is not None:
        fetcher.validators.discard(part.name)
    else:
        fetcher.validators.commit(part.name)


def _say_interrupted(messages: Messages, parts: Sequence[Part], accounts: Sequence[PartOutcome]) -> None:
    """End the account of a run that will not go on; of one that nobody has heard of nothing is said."""
    if not messages.said:
        return
    for part, account in zip(parts, accounts, strict=True):
        if not account.ended:
            messages.failed(
                part,
                "transient",
                "stopped by Ctrl-C or SIGTERM before it was read to its end",
                found=account.found,
                batches=account.batches,
                messages=account.messages,
                interrupted=True,
            )


class _Sender:
    """Cuts the rows of one part into messages, sends each when it is full, and keeps count of what was sent."""

    def __init__(
        self, part: Part, observed_at: str, account: PartOutcome, messages: Messages, watcher: Progress
    ) -> None:
        self._part = part
        self._observed_at = observed_at
        self._account = account
        self._messages = messages
        self._watcher = watcher
        room = messages.room(part, observed_at)
        self._matches = Cutter(room["batch"])
        self._rejects = Cutter(room["rejected"])
        self._tables = Cutter(room["standings"])
        self._rejections = 0
        self._standings = 0

    def match(self, match: Match) -> None:
        row = match.wire()
        try:
            full = self._matches.add(row)
        except RowTooLarge as error:
            self._reject(too_large(match.match_id, row, error))
        else:
            self._send_matches(full)

    def reject(self, reject: Reject) -> None:
        row = reject_row(reject)
        try:
            full = self._rejects.add(row)
        except RowTooLarge as error:
            full = self._rejects.add(too_large(row.get("match_id"), row["payload"], error))
        self._send_rejects(full)

    def table(self, table: StandingsTable) -> None:
        row = table.wire()
        try:
            full = self._tables.add(row)
        except RowTooLarge as error:
            self._reject(too_large(None, row, error))
        else:
            self._send_tables(full)

    def finish(self) -> None:
        """Send what is left."""
        self._send_matches(self._matches.rest())
        self._send_tables(self._tables.rest())
        self._send_rejects(self._rejects.rest())

    def _reject(self, row: Row) -> None:
        self._send_rejects(self._rejects.add(row))

    def _send_matches(self, cut: Cut | None) -> None:
        if cut is None:
            return
        message_id = self._messages.batch(self._part, self._observed_at, self._account.batches, cut)
        self._account.messages[message_id] = len(cut.rows)
        self._account.batches += 1
        self._account.sent += len(cut.rows)
        self._account.found += len(cut.rows)
        self._watcher.advanced(self._account)

    def _send_tables(self, cut: Cut | None) -> None:
        if cut is not None:
            self._messages.standings(self._part, self._observed_at, self._standings, cut)
            self._standings += 1

    def _send_rejects(self, cut: Cut | None) -> None:
        if cut is None:
            return
        message_id = self._messages.rejected(self._part, self._rejections, cut)
        self._account.messages[message_id] = len(cut.rows)
        self._rejections += 1
        self._account.rejected += len(cut.rows)
        self._account.found += len(cut.rows)
        self._watcher.advanced(self._account)
