"""`touchline metrics` says what the commands say, as a role that may only read."""

from __future__ import annotations

import http.client
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dramatiq
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg.conninfo import conninfo_to_dict

from actors.metrics import exporter as module
from actors.metrics.exporter import Exporter
from actors.store import migrations
from contract.broker import make_broker
from contract.names import MATCHES, STORE_MATCHES
from contract.settings import load
from tests.conformance.conftest import eventually
from tests.fix_command import Ended, Touchline
from tests.fix_postgres import PostgresServer
from tests.fix_proxy import Proxy
from tests.integration.test_metrics import Samples, samples
from tests.ports import free_ports
from tests.roles import as_role, make_roles

pytestmark = pytest.mark.slow

#: Six matches without a score, of which one is behind, and a schedule of which nobody took the last slot.
LATER = """
UPDATE touchline.matches SET date = current_date - 3, kickoff = now() - interval '50 hours', status = 'scheduled',
    home_score = NULL, away_score = NULL, home_penalties = NULL, away_penalties = NULL, withdrawn_at = NULL;
UPDATE touchline.matches SET kickoff = now() - interval '47 hours' WHERE match_id = '26030';
UPDATE touchline.matches SET withdrawn_at = now() WHERE match_id = '26031';
UPDATE touchline.matches SET status = 'postponed' WHERE match_id = '15001';
UPDATE touchline.run_accounts SET state = 'running', finished_at = NULL WHERE run_id = (
    SELECT run_id FROM touchline.run_accounts WHERE source = 'mlsnext' ORDER BY started_at DESC LIMIT 1);
INSERT INTO touchline.schedules (schedule, cron, timezone, considered_until, ticked_at) VALUES
    ('taken', '0 0 29 2 *', 'UTC', now(), now()), ('waits', '0 0 29 2 *', 'UTC', now(), now()),
    ('unseen', '* * * * *', 'UTC', now() - interval '200 seconds', now()),
    ('removed', '* * * * *', 'UTC', now() - interval '1 day', now() - interval '1 day');
INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order") VALUES
    ('waits', now() - interval '90 seconds', gen_random_uuid(), gen_random_uuid(), 'published', '{}'),
    ('taken', now() - interval '90 seconds', gen_random_uuid(), gen_random_uuid(), 'running', '{}'),
    ('removed', now() - interval '1 day', gen_random_uuid(), gen_random_uuid(), 'published', '{}');
INSERT INTO touchline.run_accounts (run_id, source, params, state, started_at, finished_at) VALUES
    ('aaaaaaaa-0000-4000-8000-000000000001', 'other', '{}', 'failed', now() - interval '9 d', now() - interval '9 d');
INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, ended_at, "order") VALUES
    ('taken', now() - interval '4 h', gen_random_uuid(), gen_random_uuid(), 'done', now() - interval '170 min', '{}'),
    ('taken', now() - interval '3 h', gen_random_uuid(), gen_random_uuid(), 'skipped', now() - interval '3 h', '{}'),
    ('taken', now() - interval '2 h', 'aaaaaaaa-0000-4000-8000-000000000001', gen_random_uuid(), 'done',
        now() - interval '2 h', '{}'),
    ('taken', now() - interval '1 h', gen_random_uuid(), gen_random_uuid(), 'missed', now() - interval '1 h', '{}');
INSERT INTO touchline.news (news_id, kind, scope, payload, published_at, delivered_at) VALUES
    (gen_random_uuid(), 'run.failed', 'a', '{}', now(), NULL),
    (gen_random_uuid(), 'run.failed', 'b', '{}', now(), now()),
    (gen_random_uuid(), 'run.failed', 'c', '{}', NULL, NULL);
"""


@pytest.fixture(scope="module")
def filled_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A store with rows in it, for whoever owns it."""
    with postgres_server.database(migrated=True) as url:
        make_roles(postgres_server, database=str(conninfo_to_dict(url)["dbname"]))
        migrations.upgrade(url)
        with psycopg.connect(url) as connection:
            connection.execute(Path(__file__).with_name("stored.sql").read_bytes())
            connection.execute(LATER.encode())
        yield url


@pytest.fixture
def reader(touchline: Touchline, filled_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch) -> Touchline:
    """`touchline` for a role that may only read."""
    monkeypatch.setenv("DATABASE_URL", as_role(filled_url, "reader"))
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    return touchline


def said(ended: Ended) -> Samples:
    return samples(text_string_to_metric_families(ended.out))


def of(found: Samples, name: str) -> dict[Any, float]:
    """The samples of one metric, by their label's value where there is one label."""
    return {key[1:] if len(key) > 2 else "".join(key[1:]): value for key, value in found.items() if key[0] == name}


def test_it_says_what_the_commands_say(reader: Touchline, rabbitmq_url: str) -> None:
    """Runs, dead letters and queues are the numbers of `touchline runs`, `dead list` and `queues`."""
    broker = make_broker(rabbitmq_url)
    for delay in (None, None, 500_000):
        broker.enqueue(dramatiq.Message(MATCHES, STORE_MATCHES, (), {}, {}, message_id=str(uuid4())), delay=delay)
    broker.close()
    ended = reader("metrics")
    assert ended.code == 0, ended.err
    found = said(ended)
    assert (of(found, "touchline_store_up"), of(found, "touchline_broker_up")) == ({"": 1}, {"": 1})
    assert set(of(found, "touchline_collector_up").values()) == {1}

    runs = reader("runs").rows
    running = dict.fromkeys({run["source"] for run in runs}, 0)
    for run in runs:
        running[run["source"]] += run["state"] == "running"
    assert of(found, "touchline_runs_running") == running
    assert 1 in running.values()
    last: dict[str, dict[str, Any]] = {}
    for run in runs:
        if run["finished_at"] is not None:
            last.setdefault(run["source"], run)
    fates = ("found", "inserted", "updated", "unchanged", "stale", "dead")
    assert of(found, "touchline_last_run_matches") == {
        (fate, s): run[fate] for s, run in last.items() for fate in fates
    }
    assert {(state, source) for (source, state), one in of(found, "touchline_last_run_state").items() if one} == {
        (run["state"], source) for source, run in last.items()
    }
    ends = {source: datetime.fromisoformat(run["finished_at"]).timestamp() for source, run in last.items()}
    assert of(found, "touchline_last_run_timestamp_seconds") == ends

    letters: dict[tuple[str, str], int] = {("match", "other"): 0, ("message", "other"): 0}
    died = []
    for letter in reader("dead list").rows:
        letters[letter["kind"], letter["reason"]] = letters.get((letter["kind"], letter["reason"]), 0) + 1
        died.append(datetime.fromisoformat(letter["died_at"]).timestamp())
    assert of(found, "touchline_dead_letters_open") == letters
    assert of(found, "touchline_dead_letters_oldest_timestamp_seconds") == {"": min(died)}

    queues = {row["queue"]: row for row in reader("queues").rows}
    assert (queues[MATCHES]["ready"], queues[MATCHES]["delayed"]) == (2, 1)
    told = of(found, "touchline_queue_messages")
    assert {state: told[MATCHES, state] for state in ("ready", "delayed", "dead")} == {
        state: queues[MATCHES][state] for state in ("ready", "delayed", "dead")
    }
    assert of(found, "touchline_queue_consumers") == {MATCHES: 0}


def test_what_is_late(reader: Touchline) -> None:
    """Matches two days after their kick-off, slots that nobody took or even saw, notices that nobody received."""
    found = said(reader("metrics"))
    assert of(found, "touchline_matches_behind_schedule") == {"mlsnext": 1, "other": 0}
    lag = of(found, "touchline_slot_lag_seconds")
    assert set(lag) == {"taken", "waits", "unseen"}, "one that was removed is nobody's"
    assert lag["taken"] == 0
    assert 90 <= lag["waits"] < 180
    assert 140 <= lag["unseen"] < 290
    assert of(found, "touchline_notices_waiting") == {"": 1}
    # one that failed, one that was missed and one that runs; not one that was skipped because the good one still ran
    assert of(found, "touchline_slots_since_good_run") == {"taken": 3, "waits": 1, "unseen": 0}


def test_names_are_as_prometheus_wants_them(reader: Touchline) -> None:
    """No counter without _total, no unit but seconds and bytes, one help and one type each."""
    text = reader("metrics").out
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)) >= 15
    for family in families:
        assert family.name.startswith("touchline_")
        assert family.documentation
        assert family.type == "gauge"
        assert not family.name.endswith(("_total", "_count", "_sum", "_milliseconds"))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not installed")
def test_prometheus_finds_nothing_to_say(reader: Touchline) -> None:
    """Its own linter knows no better names."""
    said = subprocess.run(
        ["promtool", "check", "metrics"], input=reader("metrics").out, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_what_is_away_is_down_and_has_no_numbers(
    reader: Touchline, monkeypatch: pytest.MonkeyPatch, tcp_proxy: Callable[[str], Proxy], filled_url: str
) -> None:
    """The other is told all the same; the exit code is 3, and stderr shows no password."""
    monkeypatch.setenv("RABBITMQ_URL", "amqp://app:hunter22@127.0.0.1:1/league")
    ended = reader("metrics")
    assert ended.code == 3
    found = said(ended)
    assert (of(found, "touchline_store_up"), of(found, "touchline_broker_up")) == ({"": 1}, {"": 0})
    assert of(found, "touchline_runs_running")
    assert not of(found, "touchline_queue_messages")
    assert "hunter22" not in ended.out + ended.err

    proxy = tcp_proxy(as_role(filled_url, "reader"))
    monkeypatch.setenv("DATABASE_URL", proxy.url)
    exporter, now = Exporter(load(), clock=lambda: now[0]), [0.0]
    assert b"touchline_store_up 1.0" in exporter.text()
    proxy.cut()
    assert b"touchline_store_up 1.0" in exporter.text(), "two who ask within a moment get one answer"
    now[0] += 60
    text = exporter.text()
    assert b"touchline_store_up 0.0" in text
    assert b"touchline_runs_running" not in text, "nothing old stands in for it"
    proxy.restore()
    now[0] += 60
    assert b"touchline_store_up 1.0" in exporter.text()


def test_one_query_that_fails_fails_alone(reader: Touchline, filled_url: str) -> None:
    """What the others say is there; the exit code is 1."""
    with psycopg.connect(filled_url, autocommit=True) as connection:
        connection.execute("REVOKE SELECT ON touchline.notices_waiting FROM touchline_reader")
        try:
            ended = reader("metrics")
        finally:
            connection.execute("GRANT SELECT ON touchline.notices_waiting TO touchline_reader")
    assert ended.code == 1
    found = said(ended)
    assert of(found, "touchline_store_up") == {"": 1}
    assert {name for name, up in of(found, "touchline_collector_up").items() if not up} == {"notices"}
    assert not of(found, "touchline_notices_waiting")
    assert of(found, "touchline_slot_lag_seconds")


def test_a_database_that_hangs_holds_up_nobody(
    reader: Touchline, monkeypatch: pytest.MonkeyPatch, filled_url: str
) -> None:
    """It is down when the time is over, and what the queue says is told."""
    monkeypatch.setattr(module, "PATIENCE", 2.0)
    begun = time.monotonic()
    with psycopg.connect(filled_url) as connection:
        connection.execute("LOCK TABLE touchline.run_accounts, touchline.dead IN ACCESS EXCLUSIVE MODE")
        text = Exporter(load()).text()
    assert b"touchline_store_up 0.0" in text
    assert b"touchline_broker_up 1.0" in text
    assert time.monotonic() - begun < 30


def test_it_serves_until_it_is_told_to_stop(filled_url: str, rabbitmq_url: str, tmp_path: Path) -> None:
    """Under /metrics; SIGTERM ends it in order."""
    (port,) = free_ports(1)
    env = {"DATABASE_URL": as_role(filled_url, "reader"), "RABBITMQ_URL": rabbitmq_url, "TOUCHLINE_HOME": str(tmp_path)}
    serving = subprocess.Popen(
        [sys.executable, "-m", "touchline", "metrics", "--listen", f"127.0.0.1:{port}"],
        env=env,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert serving.stderr is not None
        assert f"127.0.0.1:{port}" in serving.stderr.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/metrics")
        assert b"touchline_store_up 1.0" in connection.getresponse().read()
        connection.close()
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(20)
    assert serving.returncode == 0
    eventually(lambda: not _listens(port), "the port is free")


def _listens(port: int) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("where", ["9396", "localhost:http"])
def test_an_address_that_is_none_is_refused(reader: Touchline, where: str) -> None:
    """With what it should look like."""
    ended = reader(f"metrics --listen {where}")
    assert ended.code == 2
    assert "expected 127.0.0.1:9395" in ended.err
