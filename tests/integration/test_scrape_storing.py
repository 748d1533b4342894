"""`touchline scrape` to the end: every match is stored, by workers or by the command itself, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.fix_scraping import FEEDS, KEY, PATIENCE, Program, counts, publish, stored, wait_until, workers
from tests.fix_site import Site

pytestmark = pytest.mark.slow


def test_the_sample_arrives_by_the_command_alone(store_url: str, league: Site, tmp_path: Path) -> None:
    """With no broker and no worker the command stores what it reads: new, changed, nothing new, and all again."""
    scrape = Program(tmp_path, league, DATABASE_URL=store_url).scrape

    first = scrape("--wait")
    assert first.code == 0, first
    assert counts(first.row) == (320, 320, 0, 0, 0, 0)

    publish(league, "2026-10-05")
    second = scrape()
    assert second.code == 0, second
    assert counts(second.row) == (320, 0, 4, 316, 0, 0)
    assert stored(store_url, "SELECT count(*) FROM match_changes") == 11

    asked = len(league.requests)
    third = scrape()
    assert third.code == 0, third
    assert third.row["nothing_new"] is True
    assert third.row["run_id"] is None
    assert "nothing new since 20" in third.err
    assert all(request.headers["If-None-Match"] for request in league.requests[asked:] if "/data/" in request.path)
    assert stored(store_url, "SELECT count(*) FROM runs") == 2

    full = scrape("--full")
    assert full.code == 0, full
    assert counts(full.row) == (320, 0, 0, 320, 0, 0)


def test_the_sample_arrives_through_rabbitmq(rabbitmq_url: str, store_url: str, league: Site, tmp_path: Path) -> None:
    """Workers in their own processes store it, and `--wait` tells when they have."""
    program = Program(tmp_path, league, DATABASE_URL=store_url, RABBITMQ_URL=rabbitmq_url)
    with workers(program):
        ended = program.scrape("--wait")
    assert ended.code == 0, ended
    assert counts(ended.row) == (320, 320, 0, 0, 0, 0)
    assert ended.row["state"] == "succeeded"
    assert "Stored: 320 inserted" in ended.err


def test_waiting_without_a_worker_says_so(rabbitmq_url: str, store_url: str, league: Site, tmp_path: Path) -> None:
    """The command names the queue that nobody consumes, and goes on as soon as somebody does."""
    program = Program(tmp_path, league, DATABASE_URL=store_url, RABBITMQ_URL=rabbitmq_url)
    waiting = program.start("scrape", "mlsnext", "--league", "homegrown", "--wait")
    assert waiting.stderr is not None
    said = ""
    while "No worker consumes the queue 'matches'" not in said:
        line = waiting.stderr.readline()
        assert line, f"it ended without a word on workers: {said}"
        said += line
    with workers(program):
        out, _ = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 0
    assert counts(json.loads(out)) == (320, 320, 0, 0, 0, 0)


@pytest.mark.skipif(not FEEDS.is_dir(), reason="the sample feeds are not beside the repository")
def test_bad_rows_end_with_1(store_url: str, site: Site, tmp_path: Path) -> None:
    """A row that is no match of the contract is dead, the others are stored, and the exit code says so."""
    feed = json.loads((FEEDS / f"schedule.{KEY}.2026-10-03.json").read_bytes())
    feed["events"][0]["home_organisation"]["name"] = "A\x00B"
    site.publish(KEY, json.dumps(feed).encode(), FEEDS / f"standings.{KEY}.json")
    ended = Program(tmp_path, site, DATABASE_URL=store_url).scrape()
    assert ended.code == 1, ended
    assert counts(ended.row) == (320, 319, 0, 0, 0, 1)
    assert "touchline dead list" in ended.err


def test_with_nothing_configured_it_just_works(league: Site) -> None:
    """On a fresh home the command makes its own database and queue, stores, and leaves nothing running."""
    with tempfile.TemporaryDirectory(prefix="touchline-home-") as home:
        # PostgreSQL does not run as root: its own user has to get in
        Path(home).chmod(0o755)
        program = Program(Path(home), league)
        ended = program.scrape()
        assert ended.code == 0, ended
        assert counts(ended.row) == (320, 320, 0, 0, 0, 0)
        again = program.scrape("--full", "--wait")
        assert counts(again.row) == (320, 0, 0, 320, 0, 0)
        assert [process for process in psutil.process_iter(["cmdline"]) if home in str(process.info["cmdline"])] == []


@contextmanager
def nothing_can_be_stored(url: str) -> Iterator[None]:
    """Until the end of the block every batch waits for a lock, so that whoever stores is in the middle of it."""
    with psycopg.connect(url) as blocker:
        blocker.execute("LOCK TABLE touchline.matches IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_what_a_command_that_ended_had_not_stored_the_next_one_stores(
    store_url: str, league: Site, tmp_path: Path, by: signal.Signals
) -> None:
    """Killed or interrupted while it stores: no process is left, and the next command stores the rest.

    The site has nothing new by then, so nothing but the queue knows of these matches.
    """
    program = Program(tmp_path, league, DATABASE_URL=store_url)
    with nothing_can_be_stored(store_url):
        process = program.start("scrape", "mlsnext", "--league", "homegrown")
        wait_until(lambda: waiting_for_locks(store_url) > 0)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(by)
        if by == signal.SIGINT:
            wait_until(lambda: "interrupted" in process.stderr.read() if process.stderr else True)
    process.communicate(timeout=PATIENCE)
    assert [child for child in family if child.is_running()] == []
    half_a_minute_passes(store_url)

    again = program.scrape()

    assert again.code == 0, again
    assert again.row["nothing_new"] is True
    assert stored(store_url, "SELECT count(*) FROM match_list") == 320
    assert stored(store_url, "SELECT state FROM runs") == "succeeded"
    assert list((tmp_path / "unstored").iterdir()) == []


def test_workers_store_what_a_killed_command_left(store_url: str, league: Site, tmp_path: Path) -> None:
    """Whoever starts workers instead of another command has everything, too."""
    program = Program(tmp_path, league, DATABASE_URL=store_url)
    with nothing_can_be_stored(store_url):
        process = program.start("scrape", "mlsnext", "--league", "homegrown")
        wait_until(lambda: waiting_for_locks(store_url) > 0)
        process.kill()
        process.communicate(timeout=PATIENCE)
    half_a_minute_passes(store_url)
    with workers(program):
        wait_until(lambda: stored(store_url, "SELECT state FROM runs") == "succeeded")
    assert stored(store_url, "SELECT count(*) FROM match_list") == 320


def half_a_minute_passes(url: str) -> None:
    """For the queue, which gives up a worker that has said nothing for twenty seconds."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE touchline_queue.worker SET heartbeat_at = heartbeat_at - interval '30 seconds'")


def waiting_for_locks(url: str) -> int:
    """How many wait in this database; others on the server are no matter of this test."""
    ours = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return int(stored(url, f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {ours}"))


def test_a_database_that_is_behind_is_named_and_loses_nothing(postgres_url: str, league: Site, tmp_path: Path) -> None:
    """Exit code 2 and the command that mends it; afterwards the next run stores what was waiting in the queue."""
    program = Program(tmp_path, league, DATABASE_URL=postgres_url)
    behind = program.scrape()
    assert behind.code == 2, behind
    assert "touchline migrate" in behind.err
    assert program("migrate").code == 0

    again = program.scrape()

    assert again.code == 0, again
    assert again.row["nothing_new"] is True
    assert stored(postgres_url, "SELECT count(*) FROM match_list") == 320


#: What a command does that finds something left by another, and has something of its own: two workers, one by one.
_TWO_WORKERS = """
import os, time
from contract.broker import make_broker
from contract.broker.embedded import unsettled
from contract.places import broker_address, database_url
from contract.settings import load
from ingest.batches import message_to
from touchline import following

settings = load()
for run in ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"):
    broker = make_broker(broker_address(settings))
    broker.enqueue(message_to("record_run", {"contract": 1, "event": "alive", "run_id": run}, run))
    broker.close()
    with following.working(settings):
        until = time.monotonic() + 30
        while unsettled(database_url(settings), ["runs"]) and time.monotonic() < until:
            time.sleep(0.05)
print(unsettled(database_url(settings), ["runs"]))
"""


def test_a_command_may_have_one_worker_after_the_other(store_url: str, tmp_path: Path) -> None:
    """The second one consumes like the first, though they share the process's broker."""
    env = {**os.environ, "DATABASE_URL": store_url, "TOUCHLINE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _TWO_WORKERS], env=env, capture_output=True, text=True, timeout=90)
    assert done.stdout.strip() == "0", done.stderr[-2000:]
    assert "pool is already closed" not in done.stderr
