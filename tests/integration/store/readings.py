"""Whole runs, as a test of the store says them: what is listed of each part, on which day, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from actors.store import runs
from actors.store.database import transaction
from actors.store.dead import DeadRow
from actors.store.matches import BatchOf
from actors.store.official import store_tables
from actors.store.withdrawal import carry_out
from tests.integration.store.conftest import DAY, Store, a_match

SOURCE = "mlsnext"


@dataclass
class Run:
    """One run of a source, told step by step: `start`, `put` or `tables` as often as there is something, `end`."""

    store: Store
    day: int
    parts: Sequence[str] = ("a",)
    #: Hours after noon at which it begins; the site's state is as of noon.
    hour: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    run_id: UUID = field(default_factory=uuid4)
    messages: dict[str, dict[str, int]] = field(default_factory=dict)

    def start(self, *, minute: int = 0) -> Run:
        at = f"2026-10-{self.day:02}T{12 + self.hour}:{minute:02}:00Z"
        with transaction(self.store.pool) as connection:
            said: dict[str, Any] = {"params": self.params, "trigger": "cli", "scheduled_for": None}
            runs.start(connection, self.run_id, SOURCE, at=at, parts=list(self.parts), **said)
        return self

    def put(
        self, rows: Iterable[Mapping[str, Any]], *, part: str = "a", day: int | None = None, bad: Sequence[DeadRow] = ()
    ) -> Run:
        rows, message_id = list(rows), uuid4()
        self.messages.setdefault(part, {})[str(message_id)] = len(rows) + len(bad)
        self.store.run_id = self.run_id
        self.store.put(rows, day=day or self.day, part=part, message_id=message_id, bad=bad)
        return self

    def tables(self, *divisions: str, part: str = "a", age_group: str = "U14") -> Run:
        row = {"team": "Ashgrove", "team_id": "1", "position": 1}
        tables = [{"division": name, "age_group": age_group, "rows": [row]} for name in divisions]
        batch = BatchOf(uuid4(), self.run_id, SOURCE, part, DAY.format(self.day))
        store_tables(self.store.pool, batch, "2026-27", "homegrown", tables)
        return self

    def end(self, part: str = "a", *, minute: int = 30, carried_out: bool = True, **said: Any) -> Run:
        messages = self.messages.get(part, {})
        told: dict[str, Any] = {"complete": True, "observed_at": DAY.format(self.day), "messages": messages}
        told |= {"found": sum(messages.values()), "batches": len(messages), **said}
        at = f"2026-10-{self.day:02}T{12 + self.hour}:{minute:02}:00Z"
        with transaction(self.store.pool) as connection:
            runs.end_part(connection, self.run_id, SOURCE, part, at=at, **told)
        if carried_out:
            carry_out(self.store.pool)
        return self

    @property
    def row(self) -> dict[str, Any]:
        [row] = self.store.rows("SELECT * FROM public.runs WHERE run_id = %(run_id)s", run_id=self.run_id)
        return row

    @property
    def state(self) -> str:
        return str(self.row["state"])

    @property
    def error(self) -> str:
        return str(self.row["error"] or "")


def read(store: Store, day: int, *match_ids: str, part: str = "a", complete: bool = True, **more: Any) -> Run:
    """A run that saw these matches of one part, and everything of it unless it was not `complete`."""
    run = Run(store, day, (part,), **more).start()
    if match_ids:
        run.put(map(a_match, match_ids), part=part)
    return run.end(part, complete=complete)


def withdrawn(store: Store) -> dict[str, str]:
    """The matches that are withdrawn, and the day."""
    rows = store.rows("SELECT match_id, withdrawn_at FROM match_list WHERE withdrawn_at IS NOT NULL ORDER BY match_id")
    return {row["match_id"]: f"{row['withdrawn_at']:%d}" for row in rows}


def wait_for_a_lock(store: Store) -> None:
    """Until somebody waits for a lock that another transaction holds."""
    deadline = time.monotonic() + 20
    query = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while store.rows(query)[0]["n"] == 0:
        assert time.monotonic() < deadline, "nobody waits for a lock"
