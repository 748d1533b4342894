"""How far something is, drawn on stderr while it goes on, if that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from ingest.run import PartOutcome, Progress


@contextmanager
def reading() -> Iterator[Progress | None]:
    """Watches a run: a line a part, with what was sent of it so far. None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TextColumn

    with Bars(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[said]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        yield _Parts(bars)


def storing(found: int) -> AbstractContextManager[Callable[[int], None]]:
    """A bar over `found` matches; call what it gives with how many are accounted for."""
    return counting("storing", found)


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar over `total` things of which `what` is done; call what it gives with how many are through."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn(what), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True), transient=True
    ) as bars:
        task = bars.add_task(what, total=total)
        yield lambda through: bars.update(task, completed=through)


class _Parts:
    """One line for each part of a run."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def planned(self, parts: Sequence[PartOutcome]) -> None:
        for part in parts:
            self._tasks[part.name] = self._bars.add_task(part.name, total=1, said="")

    def advanced(self, part: PartOutcome) -> None:
        if part.error:
            said = "failed"
        elif part.not_modified:
            said = "nothing new"
        else:
            said = f"{part.found:,} matches"
        self._bars.update(self._tasks[part.name], said=said, completed=int(part.ended))
