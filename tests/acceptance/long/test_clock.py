"""The clock in real time, by the processes that an operator starts."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.acceptance.conftest import Place, with_site
from tests.acceptance.scheduling import MINUTELY, scheduler
from tests.fix_rabbitmq import RabbitServer
from touchline.demo.site import DemoSite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

#: Seconds into the first minute and of the outage.
_BEFORE, _AWAY = 75.0, 120.0


def _slots(place: Place) -> list[dict[str, Any]]:
    with psycopg.connect(place.env["DATABASE_URL"], row_factory=dict_row) as connection:
        return connection.execute(
            "SELECT slot.*, run.state AS run_state FROM touchline.slots AS slot"
            " LEFT JOIN public.runs AS run USING (run_id) WHERE schedule = 'each-minute' ORDER BY due_at"
        ).fetchall()


def test_five_slots_are_five_runs_though_the_broker_was_away_for_two_minutes(
    servers: Place, demo_site: DemoSite, rabbitmq_server: RabbitServer
) -> None:
    """Two schedulers and a worker for five minutes, a slot a minute, all to be caught up."""
    place = with_site(servers, demo_site)
    (place.home / "touchline.toml").write_text(MINUTELY.format(more='catch_up = "all"'))
    began = time.monotonic()
    pause = threading.Event()
    with ExitStack() as running:
        running.enter_context(place.dramatiq("--processes", "1", "--threads", "4"))
        schedulers = [running.enter_context(scheduler(place, f"scheduler-{number}")) for number in (1, 2)]
        pause.wait(_BEFORE)
        rabbitmq_server.stop()
        pause.wait(_AWAY)
        rabbitmq_server.start()
        pause.wait(began + 300 + 20 - time.monotonic())
        assert [process.poll() for process in schedulers] == [None, None]
        first = min(slot["due_at"] for slot in _slots(place))
        until = first + timedelta(minutes=4)
        due = {first + timedelta(minutes=minute) for minute in range(5)}
        deadline = time.monotonic() + 60
        while {slot["due_at"] for slot in _slots(place) if slot["state"] == "done"} < due:
            assert time.monotonic() < deadline, _slots(place)
            pause.wait(1)
        slots = [slot for slot in _slots(place) if slot["due_at"] <= until]
    assert until <= datetime.now(UTC)
    assert {slot["due_at"] for slot in slots} == due
    assert Counter(slot["state"] for slot in slots) == {"done": 5}
    assert len({slot["run_id"] for slot in slots}) == 5
    # the site had something new once; what has nothing new has no account but its slot
    assert [slot["outcome"] for slot in slots][1:] == ["nothing new"] * 4
    assert slots[0]["run_state"] == "succeeded"
    for number in (1, 2):
        assert "Idle: no tick was sent" in (place.home / f"scheduler-{number}.log").read_text()
