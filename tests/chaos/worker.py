"""The real actors with trip wires: `dramatiq tests.chaos.worker` is `dramatiq actors` that can be made to die.

A *trap* is a file `<traps>/<point>.<anything>` that the suite lays; the first message of `store_matches` that reaches
the point springs it (renames it to `.sprung`, so that it fires once) and dies, or waits until the file `.go` is there.
Some parts of a run are poison wherever they run, by their name. All this is off unless the suite's variables are set.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_CLOCK = os.environ.get("TOUCHLINE_CHAOS_CLOCK")
if _CLOCK:
    # before anything else reads the clock, so that it is wrong from the beginning, and no jump
    import time_machine

    time_machine.travel(time.time() + float(_CLOCK), tick=True).start()

import dramatiq  # noqa: E402
import psycopg  # noqa: E402
from dramatiq.middleware import Middleware, TimeLimit  # noqa: E402

import actors  # noqa: E402
from actors import models  # noqa: E402
from actors.middleware import retries  # noqa: E402
from actors.store import database  # noqa: E402
from contract.names import STORE_MATCHES  # noqa: E402
from tests.chaos.names import HANGS, KILLS, RAISES  # noqa: E402

_TRAPS: Final = Path(os.environ["TOUCHLINE_CHAOS_TRAPS"])

_acting = threading.local()


def spring(point: str) -> None:
    """Die here, or wait, if a trap is laid for `point`."""
    for trap in sorted(_TRAPS.glob(f"{point}.*")):
        if trap.suffix in (".sprung", ".go"):
            continue
        sprung = trap.with_suffix(".sprung")
        try:
            trap.rename(sprung)
        except FileNotFoundError:
            continue  # another one's
        if trap.suffix == ".hold":
            _wait_for(trap.with_suffix(".go"))
        else:
            os.kill(os.getpid(), signal.SIGKILL)
        return


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


class _TrippedTransaction(psycopg.Transaction):
    """Dies before, during or after its commit. `connection.transaction()` makes one."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        commits = error is None and self._outer_transaction and getattr(_acting, "now", False)
        if commits:
            spring("before-commit")
            if _laid("during-commit"):
                # the server has it all, and nobody hears what came of it
                self.pgconn.send_query(b"COMMIT")
                self.pgconn.flush()
                spring("during-commit")
                while self.pgconn.get_result() is not None:
                    pass
        done = super().__exit__(kind, error, trace)
        if commits:
            spring("after-commit")
        return done


def _laid(point: str) -> bool:
    return any(trap.suffix not in (".sprung", ".go") for trap in _TRAPS.glob(f"{point}.*"))


class _BeforeAck(Middleware):
    def before_ack(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        if message.actor_name == STORE_MATCHES:
            spring("before-ack")


def _tripped(store: Callable[..., Any]) -> Callable[..., Any]:
    def store_matches(**message: Any) -> Any:
        _acting.now = True
        try:
            spring("begun")
            part = str(message.get("part", ""))
            if part.startswith(KILLS):
                os.kill(os.getpid(), signal.SIGKILL)
            if part.startswith(RAISES):
                raise ZeroDivisionError("an actor that always raises")
            while part.startswith(HANGS):
                time.sleep(0.05)
            return store(**message)
        finally:
            _acting.now = False

    return store_matches


def _set_up(environ: Any) -> None:
    psycopg.connection.Transaction = _TrippedTransaction  # type: ignore[attr-defined]
    actor = actors.broker.get_actor(STORE_MATCHES)
    actor.fn = _tripped(actor.fn)
    actors.broker.add_middleware(_BeforeAck())
    if limit := environ.get("TOUCHLINE_CHAOS_TIME_LIMIT"):
        for middleware in actors.broker.middleware:
            if isinstance(middleware, TimeLimit):
                middleware.time_limit = int(limit)
    if most := environ.get("TOUCHLINE_CHAOS_UNKNOWN_DELAY"):
        # eight attempts in seconds instead of ten minutes
        retries.UNKNOWN = (int(most) // 4, int(most))  # type: ignore[misc]
    if version := environ.get("TOUCHLINE_CHAOS_CONTRACT_VERSION"):
        models.ACCEPTED_VERSIONS = models.accepted_versions(int(version))  # type: ignore[misc]
    for name in ("STATEMENT_TIMEOUT", "LOCK_TIMEOUT"):
        if seconds := environ.get(f"TOUCHLINE_CHAOS_{name}"):
            setattr(database, name, int(seconds))


_set_up(os.environ)
broker = actors.broker
