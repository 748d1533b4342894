"""`touchline scrape` as somebody types it: in a process of its own, against real servers and the real sample feeds."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from contract.broker import queue_depths
from contract.names import MATCHES, RUNS
from ingest.publisher import spool_of
from tests.fix_proxy import Proxy
from tests.fix_site import Site

REPOSITORY = Path(__file__).parents[2]
FEEDS = Path(__file__).parents[3] / "shared" / "feeds"
KEY = "mls-next-league-26-27"

pytestmark = pytest.mark.skipif(not FEEDS.is_dir(), reason="the sample feeds are not beside the repository")

#: Seconds that a command may take on a busy machine.
PATIENCE = 90


@pytest.fixture
def league(site: Site) -> Site:
    """The site of the homegrown league as on 2026-10-03."""
    publish(site, "2026-10-03")
    return site


def publish(site: Site, day: str) -> None:
    schedule = FEEDS / f"schedule.{KEY}.{day}.json"
    site.publish(KEY, schedule, FEEDS / f"standings.{KEY}.json", version=int(day[-2:]))


class Program:
    """The program with an environment of its own: nothing of this machine's settings reaches it."""

    def __init__(self, home: Path, site: Site, **settings: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_HOME")}
        kept = {name: value for name, value in kept.items() if name not in ("DATABASE_URL", "RABBITMQ_URL")}
        self.home = home
        self.environment = kept | {
            "TOUCHLINE_HOME": str(home),
            "TOUCHLINE_MLSNEXT_URL": site.url,
            "TOUCHLINE_PUBLISH_TIMEOUT": "0.5",
            **settings,
        }

    def start(self, *arguments: str, module: str = "touchline") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str) -> Ended:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        return Ended(process.returncode, out, err)

    def scrape(self, *arguments: str) -> Ended:
        return self("scrape", "mlsnext", "--league", "homegrown", *arguments)


class Ended:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def row(self) -> dict[str, Any]:
        [row] = [json.loads(line) for line in self.out.splitlines()]
        assert isinstance(row, dict)
        return row

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


def counts(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("found", "inserted", "updated", "unchanged", "stale", "dead"))


def stored(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        return None if row is None else row[0]


@contextmanager
def workers(program: Program) -> Iterator[psutil.Process]:
    """`dramatiq actors` in its own processes, until the end of the block."""
    with program.start("actors", "--processes", "1", "--threads", "4", module="dramatiq") as process:
        drain = threading.Thread(target=process.stderr.read, daemon=True)  # type: ignore[union-attr]
        drain.start()
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_sample_arrives_through_rabbitmq(rabbitmq_url: str, store_url: str, league: Site, tmp_path: Path) -> None:
    """Workers in their own processes store it, and `--wait` tells when they have."""
    program = Program(tmp_path, league, DATABASE_URL=store_url, RABBITMQ_URL=rabbitmq_url)
    with workers(program):
        ended = program.scrape("--wait")
    assert ended.code == 0, ended
    assert counts(ended.row) == (320, 320, 0, 0, 0, 0)
    assert ended.row["state"] == "succeeded"
    assert "Stored: 320 inserted" in ended.err


@pytest.mark.slow
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


def test_without_wait_the_command_leaves_the_storing_to_the_workers(
    rabbitmq_url: str, league: Site, tmp_path: Path
) -> None:
    """With RabbitMQ the command ends when everything is confirmed; no database is needed."""
    ended = Program(tmp_path, league, RABBITMQ_URL=rabbitmq_url).scrape()
    assert ended.code == 0, ended
    assert (ended.row["found"], ended.row["sent"], ended.row["state"]) == (320, 320, None)
    assert queue_depths(rabbitmq_url)[MATCHES][0] > 1
    assert queue_depths(rabbitmq_url)[RUNS][0] == 2


def test_a_dry_run_prints_and_does_nothing(rabbitmq_url: str, league: Site, tmp_path: Path) -> None:
    """Every match is printed; nothing is sent, kept or remembered, and what was remembered does not matter."""
    program = Program(tmp_path, league, RABBITMQ_URL=rabbitmq_url)
    program.scrape()
    before = sorted(tmp_path.rglob("*")), queue_depths(rabbitmq_url)

    ended = program.scrape("--dry-run")

    assert ended.code == 0, ended
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert len({row["match_id"] for row in rows}) == 320
    assert {row["season"] for row in rows} == {"2026-27"}
    assert (sorted(tmp_path.rglob("*")), queue_depths(rabbitmq_url)) == before


def test_filters_leave_what_they_say(league: Site, tmp_path: Path) -> None:
    """A division, a team and days: each row fits all of them."""
    ended = Program(tmp_path, league).scrape(
        *("--dry-run", "--division", "florida", "--team", "weston", "--age-group", "u13"),
        *("--from", "2026-10-01", "--to", "2026-10-31", "--output", "csv"),
    )
    assert ended.code == 0, ended
    found = list(csv.DictReader(io.StringIO(ended.out)))
    assert found
    for row in found:
        assert row["division"] == "Florida"
        assert "2026-10-01" <= row["date"] <= "2026-10-31"
        assert "Weston" in row["home_team"] + row["away_team"]


def test_a_broker_that_is_away_ends_with_3_and_the_next_run_sends_it(
    rabbitmq_url: str, tcp_proxy: Callable[[str], Proxy], league: Site, tmp_path: Path
) -> None:
    """What was read is on disk, the command says how much and where, and what sends it."""
    proxy = tcp_proxy(rabbitmq_url)
    program = Program(tmp_path, league, RABBITMQ_URL=proxy.url)
    proxy.cut()
    ended = program.scrape()
    assert ended.code == 3, ended
    kept = ended.row["spooled"]
    assert f"{kept} messages are kept in {tmp_path}" in ended.err
    assert "touchline spool flush" in ended.err
    assert "completed" not in ended.err

    proxy.restore()
    again = program.scrape()
    assert again.code == 0, again
    assert f"Sent {kept} messages that earlier runs had left on disk" in again.err
    depths = queue_depths(rabbitmq_url)
    assert depths[MATCHES][0] + depths[RUNS][0] == kept


@pytest.mark.parametrize("wrong", ["password", "vhost"])
def test_wrong_broker_settings_end_with_2(rabbitmq_url: str, league: Site, tmp_path: Path, wrong: str) -> None:
    """One line on what is wrong and one on what to mend; no password, no traceback; nothing is lost."""
    parts = urlsplit(rabbitmq_url)
    secret = "c:olon%40sesame"
    user = f"{parts.username}:{secret if wrong == 'password' else parts.password}"
    path = parts.path if wrong == "password" else "/nowhere"
    ended = Program(tmp_path, league, RABBITMQ_URL=f"amqp://{user}@{parts.hostname}:{parts.port}{path}").scrape()
    assert ended.code == 2, ended
    assert "RABBITMQ_URL" in ended.err
    assert "messages are kept in" in ended.err
    assert "sesame" not in ended.err + ended.out
    assert "Traceback" not in ended.err
    assert len(ended.err.splitlines()) <= 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scrape", "nowhere"], "there is no source 'nowhere'"),
        (["scrape", "mlsnext", "--league", "serie-a"], "serie-a"),
        (["scrape", "mlsnext", "--season", "2026-28"], "is no season"),
        (["scrape", "mlsnext", "--from", "tomorrow"], "is no date"),
        (["scrape", "mlsnext", "--age-group", "teens"], "is no age group"),
        (["scrape", "mlsnext", "--from", "2026-10-02", "--to", "2026-10-01"], "--from is later than --to"),
        (["scrape", "mlsnext", "--dry-run", "--wait"], "--dry-run"),
    ],
)
def test_a_wrong_question_ends_with_2(league: Site, tmp_path: Path, arguments: list[str], said: str) -> None:
    """It is named, nothing is asked of the site, nothing is made on disk."""
    ended = Program(tmp_path / "home", league)(*arguments)
    assert ended.code == 2, ended
    assert said in ended.err
    assert league.requests == []
    assert not (tmp_path / "home").exists()


def test_a_league_that_is_not_there_fails_alone(rabbitmq_url: str, league: Site, tmp_path: Path) -> None:
    """One part that is not published: the others are sent, the failed one is named, exit code 1."""
    ended = Program(tmp_path, league, RABBITMQ_URL=rabbitmq_url)("scrape", "mlsnext")
    assert ended.code == 1, ended
    assert ended.row["found"] == 320
    assert len(ended.row["failed_parts"]) == 2
    assert "flex" in ended.err
    assert "academy" in ended.err


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_tells_the_other_side(
    rabbitmq_url: str, league: Site, tmp_path: Path, by: signal.Signals
) -> None:
    """Ctrl-C while the second league is being read: exit code 130 at once, and the run's account is ended."""
    asked = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        league.closing.wait()

    league.put("/data/schedule/mls-next-flex-26-27.json", hang)
    league.put("/data/standings/mls-next-flex-26-27.json", hang)
    program = Program(tmp_path, league, RABBITMQ_URL=rabbitmq_url)
    process = program.start("scrape", "mlsnext", "--league", "homegrown", "--league", "flex")
    assert asked.wait(PATIENCE)
    wait_until(lambda: queue_depths(rabbitmq_url).get(RUNS, (0, 0))[0] >= 2)
    process.send_signal(by)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert queue_depths(rabbitmq_url)[RUNS][0] == 3


def wait_until(true: Callable[[], bool]) -> None:
    """Until it is so; fails after `PATIENCE` seconds."""
    pause = threading.Event()
    for _ in range(PATIENCE * 20):
        if true():
            return
        pause.wait(0.05)
    pytest.fail("it never came to be")


@contextmanager
def nothing_can_be_stored(url: str) -> Iterator[None]:
    """Until the end of the block every batch waits for a lock, so that whoever stores is in the middle of it."""
    with psycopg.connect(url) as blocker:
        blocker.execute("LOCK TABLE touchline.matches IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.slow
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

    again = program.scrape()

    assert again.code == 0, again
    assert again.row["nothing_new"] is True
    assert stored(store_url, "SELECT count(*) FROM match_list") == 320
    assert stored(store_url, "SELECT state FROM runs") == "succeeded"
    assert list((tmp_path / "unstored").iterdir()) == []


@pytest.mark.slow
def test_workers_store_what_a_killed_command_left(store_url: str, league: Site, tmp_path: Path) -> None:
    """Whoever starts workers instead of another command has everything, too."""
    program = Program(tmp_path, league, DATABASE_URL=store_url)
    with nothing_can_be_stored(store_url):
        process = program.start("scrape", "mlsnext", "--league", "homegrown")
        wait_until(lambda: waiting_for_locks(store_url) > 0)
        process.kill()
        process.communicate(timeout=PATIENCE)
    with workers(program):
        wait_until(lambda: stored(store_url, "SELECT state FROM runs") == "succeeded")
    assert stored(store_url, "SELECT count(*) FROM match_list") == 320


def waiting_for_locks(url: str) -> int:
    return int(stored(url, "SELECT count(*) FROM pg_locks WHERE NOT granted"))


@pytest.mark.slow
def test_bad_rows_end_with_1(store_url: str, site: Site, tmp_path: Path) -> None:
    """A row that is no match of the contract is dead, the others are stored, and the exit code says so."""
    feed = json.loads((FEEDS / f"schedule.{KEY}.2026-10-03.json").read_bytes())
    feed["events"][0]["home_organisation"]["name"] = "A\x00B"
    site.publish(KEY, json.dumps(feed).encode(), FEEDS / f"standings.{KEY}.json")
    ended = Program(tmp_path, site, DATABASE_URL=store_url).scrape()
    assert ended.code == 1, ended
    assert counts(ended.row) == (320, 319, 0, 0, 0, 1)
    assert "touchline dead list" in ended.err


def test_the_spool_is_where_the_settings_say(tmp_path: Path) -> None:
    """The command, the worker and `touchline spool` mean the same directory."""
    from contract.settings import load

    settings = load(environ={"TOUCHLINE_HOME": str(tmp_path), "RABBITMQ_URL": "amqp://a:b@rabbit/league"})
    assert spool_of(settings).broker == "amqp://rabbit:5672/league"
    assert tmp_path in spool_of(settings).directory.parents


@pytest.mark.slow
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
