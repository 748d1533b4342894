"""Schedules as an operator meets them: written down, looked at, ticked by several, stopped in order."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dramatiq
import psutil
import psycopg
import pytest

from contract.broker import make_broker
from contract.names import SCHEDULE, TICK
from tests.acceptance.conftest import Place, with_site
from tests.acceptance.scheduling import MINUTELY, scheduler
from tests.fix_proxy import Proxy
from touchline.demo.site import DemoSite

pytestmark = pytest.mark.slow

PATIENCE = 40.0


def _until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, f"it never came to be: {what}"
        time.sleep(0.1)
    return found


def _tick(place: Place) -> None:
    """As periodiq does it."""
    broker = make_broker(place.env["RABBITMQ_URL"])
    broker.enqueue(dramatiq.Message(SCHEDULE, TICK, (), {}, {}))
    broker.close()


def _history(place: Place, *filters: str) -> list[dict[str, Any]]:
    return place.touchline("schedule", "history", "each-minute", *filters).rows


def _a_minute_ago(place: Place) -> None:
    """As if the last tick had been a minute ago: one slot of a schedule a minute has come due."""
    with psycopg.connect(place.env["DATABASE_URL"]) as connection:
        connection.execute("UPDATE touchline.schedules SET considered_until = considered_until - interval '1 min'")


@pytest.fixture
def place(servers: Place, demo_site: DemoSite) -> Place:
    place = with_site(servers, demo_site)
    (place.home / "touchline.toml").write_text(MINUTELY.format(more=""))
    return place


def test_a_slot_becomes_a_run_that_says_so(place: Place, demo_site: DemoSite) -> None:
    """The account of the run has the slot; the next slot finds nothing new, which its history alone can say."""
    with place.dramatiq("--processes", "1", "--threads", "4"):
        _tick(place)
        _until(lambda: place.touchline("schedule", "list").rows[0]["ticked_at"], "the first tick is seen")
        assert _history(place) == []
        _a_minute_ago(place)
        _tick(place)
        _until(lambda: len(_history(place, "--state", "done")) == 1, "the slot is done")
        place.touchline("schedule", "trigger", "each-minute")
        _until(lambda: len(_history(place, "--state", "done")) == 2, "the next is done, too")
        # a minute that began meanwhile has a slot as well, which may be missed
        second, first = _history(place, "--state", "done")
        assert (first["outcome"], second["outcome"]) == (f"found {demo_site.league.matches:,} matches", "nothing new")
        _until(lambda: place.touchline("runs").row["state"] == "succeeded", "the run is stored")
        run = place.touchline("runs").row
    assert (run["run_id"], run["trigger"], run["scheduled_for"]) == (first["run_id"], "schedule", first["due_at"])
    assert run["found"] == demo_site.league.matches


def test_a_triggered_run_is_a_slot_of_its_own(place: Place) -> None:
    """Whoever does not want to wait gets a run now, and a line in the history with their name."""
    ordered = place.touchline("schedule", "trigger", "each-minute")
    assert "Nobody works on queue scrapes" in ordered.err
    (waiting,) = _history(place)
    assert (waiting["state"], waiting["run_id"]) == ("published", ordered.row["run_id"])
    assert waiting["outcome"].startswith("triggered by ")
    with place.dramatiq("--processes", "1", "--threads", "4"):
        _until(lambda: _history(place, "--state", "done"), "it is carried out")


def test_house_is_kept_by_a_slot(place: Place) -> None:
    """Once a day, or when somebody asks for it; its history says what went."""
    place.touchline("schedule", "trigger", "housekeeping")
    with place.dramatiq("--processes", "1", "--threads", "2"):
        kept = _until(
            lambda: place.touchline("schedule", "history", "housekeeping", "--state", "done").rows, "house is kept"
        )
    assert kept[0]["outcome"] == "rows that went: nothing"


def test_up_ticks_and_says_what_is_due(embedded: Place, demo_site: DemoSite) -> None:
    """With nothing else running and nothing configured: the slot of the next minute is run."""
    place = with_site(embedded, demo_site)
    (place.home / "touchline.toml").write_text(MINUTELY.format(more=""))
    up = subprocess.Popen(
        [sys.executable, "-m", "touchline", "up", "--threads", "2", "--no-console"],
        env=place.env,
        cwd=place.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert up.stdout is not None
        line = next(line for line in up.stdout if line.startswith("Schedule"))
        assert "1 schedule; next: each-minute, " in line
        assert "UTC" in line
        deadline = time.monotonic() + 60
        while not _history(place):
            assert time.monotonic() < deadline, "no slot came due within a minute"
            time.sleep(0.5)
        _until(lambda: _history(place, "--state", "done"), "the slot is done")
    finally:
        up.send_signal(signal.SIGINT)
        _, said = up.communicate(timeout=60)
    assert "idle" not in said


def test_a_scheduler_outlives_a_broker_that_is_away_and_ends_when_it_is_asked(
    place: Place, tcp_proxy: Callable[[str], Proxy]
) -> None:
    """It says once a minute that it is idle and why, and SIGTERM is an end in order."""
    proxy = tcp_proxy(place.env["RABBITMQ_URL"])
    proxy.cut()
    log = place.home / "scheduler.log"
    with scheduler(place, RABBITMQ_URL=proxy.url) as process:
        _until(lambda: "Idle: no tick was sent" in log.read_text(), "it says that it is idle")
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "Traceback" not in log.read_text()


def test_a_scheduler_refuses_a_wrong_password(place: Place) -> None:
    """What no waiting mends ends it at the start, with a line and exit code 2."""
    url = place.env["RABBITMQ_URL"]
    user, _, host = url.removeprefix("amqp://").partition("@")
    wrong = f"amqp://{user.partition(':')[0]}:wrong@{host}"
    with scheduler(place, RABBITMQ_URL=wrong) as process:
        assert process.wait(PATIENCE) == 2
    said = (place.home / "scheduler.log").read_text()
    assert "refuses" in said
    assert "wrong" not in said.replace("wrong password", "")
    assert "Traceback" not in said


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="a namespace of processes needs root")
def test_a_scheduler_that_is_process_1_ends_on_sigterm(place: Place) -> None:
    """The kernel ignores for process 1, as in a container, each signal that it gave no meaning to."""
    log = place.home / "scheduler.log"
    with scheduler(place, "scheduler", "unshare", "--pid", "--fork", "--mount-proc", "--kill-child") as unshare:
        _until(lambda: "Scheduling Tick" in log.read_text() or "Scheduling Actor" in log.read_text(), "it ticks")
        (inside,) = psutil.Process(unshare.pid).children()
        inside.send_signal(signal.SIGTERM)
        assert unshare.wait(PATIENCE) == 0


def test_schedules_are_written_and_looked_at(embedded: Place) -> None:
    """init, next, list: with weekday and zone, and with what is missing until something ticks."""
    written = embedded.touchline("schedule", "init")
    assert (written.code, (embedded.home / "touchline.toml").is_file()) == (0, True), written.err
    upcoming = embedded.touchline("schedule", "next").rows
    assert len(upcoming) == 10
    assert upcoming == sorted(upcoming, key=lambda row: row["due_at"])
    assert {row["local"].split()[0] for row in upcoming} <= {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
    assert {row["local"].split()[-1] for row in upcoming} <= {"EST", "EDT"}
    embedded.touchline("migrate")
    listed = embedded.touchline("schedule", "list")
    assert [row["schedule"] for row in listed.rows] == ["match-days", "match-nights", "weekdays", "housekeeping"]
    assert "Nothing has ticked yet: no slot is run." in listed.err
    again = embedded.touchline("schedule", "init")
    assert (again.code, "has schedules already" in again.err) == (2, True)


def test_a_schedule_that_does_not_exist_is_an_error_with_those_that_do(embedded: Place) -> None:
    """A typing error is no order."""
    (embedded.home / "touchline.toml").write_text(MINUTELY.format(more=""))
    for command in ("next", "trigger"):
        refused = embedded.touchline("schedule", command, "each-hour")
        assert refused.code == 2
        assert "each-minute" in refused.err


def test_a_mistake_in_the_file_names_its_line(embedded: Place) -> None:
    """Before anything else happens, whatever the command."""
    path: Path = embedded.home / "touchline.toml"
    path.write_text(MINUTELY.format(more='catch_up = "never"'))
    refused = embedded.touchline("schedule", "next")
    assert refused.code == 2
    assert "touchline.toml, line 5: setting schedules.each-minute.catch_up" in refused.err
