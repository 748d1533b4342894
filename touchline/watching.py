"""Watches runs in the store: each as it begins, when something about it changes, and when it ends, until Ctrl-C.

    seen ── its state or its error is another, or it has ended and its account is ──► seen anew, at once
         ── it runs, and its account is another ──────────────────────────────────► seen anew, every 10 s

The store is looked at once a second. That it does not answer is said once, and is no end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from contract.errors import TransientError
from touchline.output import say
from touchline.store import opened

#: Seconds between two looks, and between two lines on a run that goes on.
LOOK: Final = 1.0
PROGRESS: Final = 10.0

#: What is shown of the past at first, unless somebody says how much.
AT_FIRST: Final = 10

_VERDICT: Final = ("state", "error", "finished_at")
_ACCOUNT: Final = ("found", "inserted", "updated", "unchanged", "stale", "dead")

Row = Mapping[str, Any]


class Changes:
    """Tells which of the runs that were looked at are new or changed, given how they were the last time."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Any, tuple[Any, Any, float]] = {}

    def of(self, rows: Iterable[Row]) -> list[Row]:
        """Those of `rows` that are worth a line. A run that is not among them any more is new when it comes back."""
        now = self._clock()
        seen, worth = {}, []
        for row in rows:
            verdict, account = [row[name] for name in _VERDICT], [row[name] for name in _ACCOUNT]
            before = self._seen.get(row["run_id"])
            if before is None or verdict != before[0] or (account != before[1] and self._due(row, before[2], now)):
                worth.append(row)
                before = (verdict, account, now)
            seen[row["run_id"]] = before
        self._seen = seen
        return worth

    @staticmethod
    def _due(row: Row, told: float, now: float) -> bool:
        return row["state"] != "running" or now - told >= PROGRESS


def watch(
    *,
    first: int | None,
    pause: Callable[[], None] = lambda: time.sleep(LOOK),
    changes: Changes | None = None,
    **filters: Any,
) -> Iterator[Row]:
    """Runs that fit `filters`, for ever: at first the newest `first` that there are (0: all), then what changes.

    `pause` is called between two looks. Raises what `touchline.store.opened` raises if the store cannot be asked the
    first time; later only what does not pass by itself.
    """
    changes = changes or Changes()
    away = began = False
    while True:
        try:
            with opened() as connection:
                while True:
                    rows = changes.of(_look(connection, filters))
                    if away:
                        say("The database is back.")
                        away = False
                    if not began:
                        rows = rows[-first:] if first else rows
                        began = True
                    yield from rows
                    pause()
        except TransientError as error:
            if not began:
                raise
            if not away:
                say(f"Waiting: {error}")
                away = True
            pause()


def _look(connection: Any, filters: Mapping[str, Any]) -> list[Row]:
    from actors.store.reading import reading

    with reading(connection, "runs_lately", **filters) as found:
        return list(found.rows)
