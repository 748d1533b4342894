"""`touchline scrape` as somebody types it: what it sends, prints and ends with."""

from __future__ import annotations

import csv
import io
import json
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contract.broker import queue_depths
from contract.names import MATCHES, RUNS
from ingest.publisher import spool_of
from tests.fix_proxy import Proxy
from tests.fix_scraping import PATIENCE, Program, wait_until
from tests.fix_site import Site

pytestmark = pytest.mark.slow


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
    assert f"{kept} messages kept in {tmp_path}" in ended.err
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
    assert "messages kept in" in ended.err
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
    queue_url: str, league: Site, tmp_path: Path, by: signal.Signals
) -> None:
    """Ctrl-C while the second league is being read: exit code 130 at once, and the run's account is ended."""
    asked = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        league.closing.wait()

    league.put("/data/schedule/mls-next-flex-26-27.json", hang)
    league.put("/data/standings/mls-next-flex-26-27.json", hang)
    program = Program(tmp_path, league, **{"RABBITMQ_URL" if "amqp" in queue_url else "DATABASE_URL": queue_url})
    process = program.start("scrape", "mlsnext", "--league", "homegrown", "--league", "flex")
    assert asked.wait(PATIENCE)
    wait_until(lambda: queue_depths(queue_url).get(RUNS, (0, 0))[0] >= 2)
    process.send_signal(by)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "touchline: interrupted"
    assert "Traceback" not in err
    assert queue_depths(queue_url)[RUNS][0] == 3


def test_the_spool_is_where_the_settings_say(tmp_path: Path) -> None:
    """The command, the worker and `touchline spool` mean the same directory."""
    from contract.settings import load

    settings = load(environ={"TOUCHLINE_HOME": str(tmp_path), "RABBITMQ_URL": "amqp://a:b@rabbit/league"})
    assert spool_of(settings).broker == "amqp://rabbit:5672/league"
    assert tmp_path in spool_of(settings).directory.parents
