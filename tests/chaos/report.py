"""The table, and what stands below it where a number is off."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TextIO

#: Differences of one fault that are shown; the first of many tells as much as all.
_SHOWN = 20


@dataclass(slots=True)
class Row:
    """What came of one fault. Times are in seconds.

    `recovery`: from the end of the fault until all that was sent by then was stored, the longest if there were several;
    `longest_wait`: of any message that was stored, from the producer's confirm (or its file on disk) to its commit.
    """

    fault: str
    title: str
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    dead: int = 0
    expected_dead: int = 0
    recovery: float | None = None
    longest_wait: float = 0.0
    took: float = 0.0
    differences: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Not one number is off."""
        right = not self.lost and not self.doubled and self.dead == self.expected_dead
        return right and not self.differences and not self.problems


_HEAD = ("fault", "messages", "lost", "doubled", "dead (expected)", "recovery", "longest wait")


def _cells(row: Row) -> tuple[str, ...]:
    recovery = "-" if row.recovery is None else f"{row.recovery:.1f} s"
    return (
        row.fault, f"{row.messages:,}", str(row.lost), str(row.doubled), f"{row.dead} ({row.expected_dead})", recovery,
        f"{row.longest_wait:.1f} s",
    )  # fmt: skip


def table(rows: Sequence[Row], out: TextIO = sys.stdout) -> None:
    """All rows, and one word for each: ok, or OFF."""
    lines = [(*_HEAD, ""), *((*_cells(row), "ok" if row.ok else "OFF") for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        first, *rest = (cell.ljust(width) if column == 0 else cell.rjust(width)
                        for column, (cell, width) in enumerate(zip(line, widths, strict=True)))  # fmt: skip
        out.write("  ".join((first, *rest)).rstrip() + "\n")
    off = sum(not row.ok for row in rows)
    out.write(f"\n{len(rows)} faults, {len(rows) - off} as promised" + (f", {off} OFF\n" if off else "\n"))


def failures(rows: Sequence[Row], out: TextIO = sys.stderr) -> None:
    """What differs of every fault, then how the workers' logs end: where the output is cut, the former remains."""
    off = [row for row in rows if not row.ok]
    for row in off:
        out.write(f"\n== {row.fault}: {row.title}\n")
        for difference in row.differences[:_SHOWN]:
            out.write(f"  {difference}\n")
        if len(row.differences) > _SHOWN:
            out.write(f"  ... and {len(row.differences) - _SHOWN} more\n")
    for row in off:
        for problem in row.problems:
            out.write(f"\n== {row.fault}\n  {problem}\n")


def as_json(rows: Sequence[Row], out: TextIO = sys.stdout) -> None:
    """One object a fault."""
    for row in rows:
        out.write(json.dumps({**asdict(row), "ok": row.ok}) + "\n")


def markdown(rows: Sequence[Row], out: TextIO = sys.stdout) -> None:
    """The table of docs/reliability.md."""
    out.write(f"| {' | '.join(_HEAD)} |\n|---|{'--:|' * (len(_HEAD) - 1)}\n")
    for row in rows:
        fault, *cells = _cells(row)
        out.write(f"| `{fault}` | {' | '.join(cells)} |\n")
