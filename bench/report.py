"""What was measured, for people, for machines, and for docs/performance.md."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bench.budgets import Measured

_COLUMNS = ("what", "value", "spread", "ours", "yardstick", "budget", "goal", "")


def circumstances(versions: Mapping[str, str], rounds: int) -> dict[str, Any]:
    """What the figures hold for."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "rounds": rounds,
        "cores": psutil.cpu_count(),
        "load": round(psutil.getloadavg()[0], 1),
        "python": platform.python_version(),
        **versions,
    }


def table(rows: Sequence[Measured], said: Mapping[str, Any]) -> None:
    shown = Table(*_COLUMNS, title=_sentence(said))
    for row in rows:
        shown.add_row(*_cells(row))
    Console(width=200 if not sys.stdout.isatty() else None).print(shown)


def markdown(rows: Sequence[Measured], said: Mapping[str, Any]) -> None:
    lines = [_sentence(said), "", f"| {' | '.join(_COLUMNS)} |", "|" + "---|" * len(_COLUMNS)]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
    sys.stdout.write("\n".join(lines) + "\n")


def as_json(rows: Sequence[Measured], said: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps({**said, "rows": [row.as_row() for row in rows]}, indent=2) + "\n")


def grid(head: Sequence[str], cells: Sequence[Sequence[str]], said: Mapping[str, Any], *, as_markdown: bool) -> None:
    """A table of another shape; all columns but the first hold numbers."""
    if as_markdown:
        lines = [f"| {' | '.join(row)} |" for row in (head, *cells)]
        lines.insert(1, "|---|" + "--:|" * (len(head) - 1))
        sys.stdout.write("\n".join([_sentence(said), "", *lines]) + "\n")
        return
    shown = Table(head[0], title=_sentence(said))
    for name in head[1:]:
        shown.add_column(name, justify="right")
    for row in cells:
        shown.add_row(*row)
    Console(width=200 if not sys.stdout.isatty() else None).print(shown)


def _sentence(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _cells(row: Measured) -> list[str]:
    parts = row.as_row()["parts"]
    sign = "≥" if row.budget.bound == "at least" else "≤"
    return [
        row.budget.title,
        f"{row.value:.3g} {row.budget.unit}",
        f"{row.spread:.0%}",
        *(f"{parts[name]:,.4g}" if name in parts else "" for name in ("ours", "yardstick")),
        "" if row.budget.budget is None else f"{sign} {row.budget.budget:g}",
        f"{sign} {row.budget.goal:g}",
        "goal" if row.reached else "ok" if row.ok else "MISSED",
    ]
