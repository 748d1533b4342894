"""What this process has done, in numbers for Prometheus (docs/metrics.md).

Whoever knows that something has happened says so here, once, and after it cannot be taken back any more. Where
`metrics_listen` is not set nothing is kept, written or imported by that, and saying so costs a comparison.

    this process ── counts ──► its files below runtime_dir/metrics ◄── reads, for all of them ── whoever has the port
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Literal

from contract.settings import Settings, load

if TYPE_CHECKING:
    from actors.metrics.collectors import Collectors
    from actors.metrics.server import Server
    from actors.store.counts import Counts

#: What became of a delivery that a worker was done with. `waiting`: it is not its turn at a source, and comes again.
Outcome = Literal["succeeded", "retried", "waiting", "dead", "returned"]

#: Below runtime_dir: the numbers of each process, and of those that are gone.
FOLDER: Final = "metrics"

_logger = logging.getLogger(__name__)

_collectors: Collectors | None = None
_server: Server | None = None


def start(settings: Settings | None = None) -> Collectors | None:
    """Keep numbers from here on, and serve them with the others of this runtime directory; None where none are wanted.

    To be called once a process, after it was forked. Metrics hold up nothing: where their directory is of no use, that
    is said in the log and none are kept.
    """
    global _collectors, _server
    settings = settings or load()
    if settings.metrics_listen is None or _collectors is not None:
        return _collectors
    from actors.metrics.files import Directory, FilesUnusable

    try:
        directory = Directory(settings.runtime_dir / FOLDER)
        directory.join()
    except FilesUnusable as error:
        _logger.warning("No metrics are kept: %s", error)
        return None
    # imports prometheus_client, which decides then and for good where its values are
    from actors.metrics.collectors import Collectors
    from actors.metrics.server import Server

    _collectors = Collectors()
    _server = Server(settings, directory)
    _server.start()
    return _collectors


def kept() -> Collectors | None:
    """This process's numbers, for who counts often; None where none are kept."""
    return _collectors


def count_matches(source: str, counts: Counts) -> None:
    """Rows were committed, each as one of five."""
    if _collectors is not None:
        _collectors.count_matches(source, counts)


def count_run(source: str, state: str) -> None:
    """A run has ended in `state`, by a verdict that was committed."""
    if _collectors is not None:
        _collectors.count_run(source, state)


def count_dead(queue: str, actor: str) -> None:
    """A message that the broker itself had given up is kept as a dead letter."""
    if _collectors is not None:
        _collectors.count_message(queue, actor, "dead")


def expect_ticks() -> None:
    """This process is a scheduler."""
    if _collectors is not None:
        _collectors.expect_ticks()


def count_tick(*, sent: bool) -> None:
    """The scheduler sent a tick, or could not."""
    if _collectors is not None:
        _collectors.count_tick(sent=sent)


def set_ready(ready: bool) -> None:
    """Whether this process can do its work now, as `/ready` judges."""
    if _collectors is not None:
        _collectors.set_ready(ready)
