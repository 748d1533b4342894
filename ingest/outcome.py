"""What became of a run and of its parts, as far as the producer knows, and what the program ends with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from contract.errors import ConfigurationError, PermanentError, TouchlineError, TransientError
from ingest.errors import NotPublished

#: What is wrong most, first: it decides what the program ends with.
_EXIT_CODES: Final = (2, 3, 1)


@dataclass
class PartOutcome:
    """What became of one part; counts are of what is confirmed or spooled."""

    name: str
    #: How it was found, where somebody should know of that (`Part.notice`).
    notice: str = ""
    #: Rows, those included that were rejected.
    found: int = 0
    sent: int = 0
    rejected: int = 0
    batches: int = 0
    #: The messages that carried what `found` counts, by id, and how many rows each.
    messages: dict[str, int] = field(default_factory=dict)
    not_modified: bool = False
    #: The site does not have the part (yet). That is no failure where others of the run are there, and nobody asked
    #: for this one by name: in August not every league has published its season.
    absent: bool = False
    #: It is absent, and was there before: somebody has to hear of that, if nothing else is new.
    vanished: bool = False
    complete: bool = False
    #: Read to its end, or failed.
    ended: bool = False
    #: What kept it from being read to its end.
    kind: str | None = None
    error: str | None = None
    hint: str = ""
    exit_code: int = 0

    def fail(self, error: Exception, *, asked_for: bool = True) -> None:
        """Take down why the part could not be read, and whether it was asked for by name."""
        self.absent = isinstance(error, NotPublished) and not asked_for
        self.error = str(error) if isinstance(error, TouchlineError) else f"{type(error).__name__}: {error}"
        self.hint = error.hint if isinstance(error, TouchlineError) else ""
        if self.absent:
            return
        self.kind = _kind(error)
        self.exit_code = error.exit_code if isinstance(error, TouchlineError) else 1


@dataclass
class Outcome:
    """What became of a run, as far as its producer knows."""

    run_id: UUID
    parts: list[PartOutcome] = field(default_factory=list)
    #: Messages of this run that are on disk instead of in the queue.
    spooled: int = 0
    #: Messages of earlier runs that this one sent.
    flushed: int = 0
    #: Why they are: what the broker raised when it was given up.
    away: Exception | None = None

    @property
    def misconfigured(self) -> ConfigurationError | None:
        """What is wrong with the broker's settings, if that is why messages were spooled."""
        return self.away if isinstance(self.away, ConfigurationError) else None

    @property
    def found(self) -> int:
        return sum(part.found for part in self.parts)

    @property
    def sent(self) -> int:
        return sum(part.sent for part in self.parts)

    @property
    def rejected(self) -> int:
        return sum(part.rejected for part in self.parts)

    @property
    def batches(self) -> int:
        return sum(part.batches for part in self.parts)

    @property
    def notices(self) -> list[str]:
        """What is to be known of the parts that said something, each sentence once."""
        return list(dict.fromkeys(part.notice for part in self.parts if part.notice and not part.not_modified))

    @property
    def nothing_new(self) -> bool:
        """Whether the site said of every part it has that it is as it was. Nothing was published then."""
        return all(part.not_modified or (part.absent and not part.vanished) for part in self.parts)

    @property
    def summary(self) -> str:
        """What became of it, in a few words."""
        failed = [part for part in self.parts if part.error and not part.absent]
        if failed:
            return f"{len(failed)} of {len(self.parts)} parts failed: {failed[0].error}"
        said = "nothing new" if self.nothing_new else f"found {self.found:,} matches"
        return f"{said}; {self.spooled} messages are on disk" if self.spooled else said

    @property
    def suspect(self) -> bool:
        """Whether the site listed no match at all though nothing failed: no league is ever empty."""
        failed = any(part.error and not part.absent for part in self.parts)
        return not self.found and not self.nothing_new and not failed

    @property
    def exit_code(self) -> int:
        """DESIGN section 5: 0 fine, 1 it found something wrong, 2 configuration, 3 site or broker unreachable."""
        codes = {part.exit_code for part in self.parts}
        if self.misconfigured is not None:
            codes.add(2)
        if self.spooled:
            codes.add(3)
        if self.rejected or self.suspect:
            codes.add(1)
        return worst(codes)


def worst(codes: Collection[int]) -> int:
    """The exit code that says what is most wrong; 0 where nothing is."""
    return next((code for code in _EXIT_CODES if code in codes), 0)


class Progress(Protocol):
    """Somebody watches."""

    def planned(self, parts: Sequence[PartOutcome]) -> None:
        """The parts are known, and nothing is sent yet; the objects change as the run goes on."""

    def advanced(self, part: PartOutcome) -> None:
        """More of `part` was sent, or it ended."""


def _kind(error: Exception) -> str:
    if isinstance(error, PermanentError):
        return "permanent"
    if isinstance(error, TransientError):
        return "transient"
    return "unknown"
