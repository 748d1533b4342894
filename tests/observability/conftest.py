"""A real system that a real Prometheus watches, on the demo league's site."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fix_postgres import PostgresServer
from tests.fix_rabbitmq_as_code import CodedServer
from tests.observability import prometheus, system
from tests.observability.prometheus import Prometheus
from tests.observability.system import System
from touchline.demo.league import League
from touchline.demo.site import DemoSite

#: Each alert takes minutes of real time: `make alerts-check`, and no part of `make test`.
collect_ignore = [] if os.environ.get("TOUCHLINE_TESTS_LONG") else ["test_every_alert.py"]


@dataclass(frozen=True, slots=True)
class Watched:
    """The system and who watches it, all well and with a season stored."""

    system: System
    prometheus: Prometheus


#: Takes the receiver of notices, if there is to be one.
Watch = Callable[[str | None], Watched]


@pytest.fixture(scope="module")
def watch(
    prometheus_program: str,
    rabbitmq_as_code: CodedServer,
    postgres_server: PostgresServer,
    demo_league: League,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Watch]:
    """Starts it."""
    with ExitStack() as stack:

        def start(receiver: str | None) -> Watched:
            directory: Path = tmp_path_factory.mktemp("watched")
            rabbitmq_as_code.empty()
            stack.callback(rabbitmq_as_code.empty)
            site = stack.enter_context(DemoSite(demo_league, demo_league.weekend().before))
            made = stack.enter_context(
                system.running(directory, rabbitmq_as_code, postgres_server, site, receiver=receiver)
            )
            watching = stack.enter_context(prometheus.running(prometheus_program, directory, made.targets))
            return Watched(made, watching)

        yield start
