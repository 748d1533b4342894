"""A real Prometheus on our configuration asks a real system: all is well, every dashboard shows it, and alerts fire."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.observability.conftest import Watch, Watched
from tests.observability.files import DASHBOARDS, dashboard, queries
from tests.observability.system import SCHEDULE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_dashboards_show_and_alerts_fire(watch: Watch) -> None:
    """Under load nothing fires; a dead letter fires one alert; every query has an answer; no worker fires the next."""
    watched = watch(None)
    system, prometheus = watched.system, watched.prometheus
    _load(watched)
    prometheus.until_all_is_well()

    system.send(system.batch(1, contract=99))
    prometheus.until_firing("TouchlineDeadLetters")
    assert list(prometheus.firing()) == ["TouchlineDeadLetters"]
    (letter,) = prometheus.firing()["TouchlineDeadLetters"]
    assert letter["labels"]["kind"] == "message"
    assert letter["annotations"]["summary"].startswith("Dead letters wait for somebody: message, ")

    asked = {f"{path.stem}: {where}": expr for path in DASHBOARDS for where, expr in queries(dashboard(path)).items()}
    empty: dict[str, str] = {}

    def answered() -> bool:
        # under load all the time: what is a rate of nothing is no number
        system.send(system.batch(2))
        empty.clear()
        empty.update({where: expr for where, expr in asked.items() if not _is_number(prometheus.ask(expr))})
        return not empty

    prometheus.until(answered, "every query to be answered", lambda: empty)

    system.kill("worker")
    prometheus.until_firing("TouchlineWorkersDown")


def _load(watched: Watched) -> None:
    """The season, and what has changed after a weekend."""
    system = watched.system
    assert system.scrape().returncode == 0, system.logs()
    system.site.show(system.site.league.weekend().after)
    assert system.scrape().returncode == 0, system.logs()
    watched.prometheus.until(
        lambda: system.count("SELECT count(*) FROM runs WHERE state = 'succeeded'") == 2, "both runs", system.logs
    )
    lag = f'touchline_slot_lag_seconds{{schedule="{SCHEDULE}"}}'
    done = f'touchline_last_run_matches{{fate="updated"}} > 0 and on () {lag} == 0'
    watched.prometheus.until(lambda: bool(watched.prometheus.ask(done)), "the second run to be seen", system.logs)


def _is_number(found: list[dict[str, Any]]) -> bool:
    return any(not math.isnan(float(sample["value"][1])) for sample in found)
