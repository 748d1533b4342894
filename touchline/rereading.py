"""Reads kept runs again, one after the other, and sees to it that they are stored where nobody else does that."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from contract.errors import ConfigurationError
from contract.logging import named
from ingest.outcome import Outcome, worst
from ingest.publisher import connected
from ingest.pulse import interval_for
from ingest.replaying import readable, reparse
from ingest.sources import find
from touchline import output
from touchline.commands.runs import ACCOUNTED
from touchline.commands.scrape import kept_on_disk, summary
from touchline.following import follow, must_store, working
from touchline.output import Row, say
from touchline.progress import reading
from touchline.unstored import Noting

if TYPE_CHECKING:
    from contract.settings import Settings
    from ingest.archive import Archive
    from ingest.kept import KeptRun


class Rereading:
    """One call of `touchline reparse`, from the first run to the last: one connection, and one worker if any."""

    def __init__(self, settings: Settings, archive: Archive, *, wait: bool) -> None:
        self._settings = settings
        self._archive = archive
        self._wait = wait
        self._alone = False
        self._stack = ExitStack()
        self._codes = {0}
        self._outcomes: list[Outcome] = []

    @property
    def exit_code(self) -> int:
        """What is most wrong with any of the runs."""
        return worst(self._codes)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._publisher = stack.enter_context(connected(self._settings))
            if must_store(self._settings):
                self._alone = True
                stack.enter_context(working(self._settings))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def read(self, kept: KeptRun, prefix: str) -> Row:
        """Read `kept` again, say so after `prefix`, and return what became of it."""
        prefix += f"{kept.source}, run {str(kept.run_id)[:8]} of {output.readable(kept.started_at)} UTC: "
        try:
            outcome, stored = self._again(kept)
        except ConfigurationError as error:
            # its source is not installed any more, or not configured; the other runs have nothing to do with that
            say(f"{prefix}{error}")
            self._codes.add(error.exit_code)
            outcome, stored = Outcome(kept.run_id), {}
        else:
            self._say(prefix, outcome, stored)
            self._codes |= {
                outcome.exit_code,
                int(bool(stored) and (stored["state"] != "succeeded" or stored["dead"] > 0)),
            }
        self._outcomes.append(outcome)
        return {"reparsed": str(kept.run_id), **summary(kept.source, outcome, stored)}

    def kept_on_disk(self) -> Exception | None:
        """The error that ends the command where the broker was away and messages are on disk."""
        spooled = [outcome for outcome in self._outcomes if outcome.spooled]
        if not spooled:
            return None
        total = sum(outcome.spooled for outcome in spooled)
        return kept_on_disk(self._settings, Outcome(spooled[-1].run_id, spooled=total, away=spooled[-1].away))

    def _again(self, kept: KeptRun) -> tuple[Outcome, Mapping[str, Any]]:
        settings = self._settings
        source = find(kept.source).make(settings.source(kept.source))
        run_id = uuid4()
        if not readable(kept):
            return Outcome(run_id), {}
        stored: Mapping[str, Any] = {}
        with Noting(settings.home if settings.rabbitmq_url is None else None, run_id) as noting:
            with reading() as noting.watcher, named(run_id=str(run_id), source=kept.source):
                outcome = reparse(
                    kept,
                    self._archive,
                    source,
                    run_id=run_id,
                    publisher=self._publisher,
                    progress=noting,
                    alive_every=interval_for(settings.run_silence),
                )
            noting.keep = outcome.spooled > 0
            if not outcome.nothing_new and not outcome.spooled and (self._wait or self._alone):
                stored = follow(settings, outcome, working_here=self._alone)
        return outcome, stored

    def _say(self, prefix: str, outcome: Outcome, stored: Mapping[str, Any]) -> None:
        if outcome.nothing_new:
            say(f"{prefix}nothing to read again; what was not modified then is kept with an earlier run.")
            return
        unusable = f", {outcome.rejected:,} of them unusable" if outcome.rejected else ""
        became = ", ".join(f"{stored[name]:,} {name}" for name in ACCOUNTED if stored)
        say(f"{prefix}{output.counted(outcome.found, 'row')}{unusable}{f'; {became}' if became else ''}")
        for part in outcome.parts:
            if part.error:
                say(f"  {part.name} {'is left out' if part.absent else 'failed'}: {part.error}")
        if stored and stored["state"] != "succeeded":
            say(f"  it ended as {stored['state']}: {stored['error'] or 'no reason was given'}")
