"""The commands that look after an installation, against real servers."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dramatiq
import psycopg
import pytest

from actors.store.database import open_pool
from contract import places
from contract.broker import make_broker
from contract.names import MATCHES, STORE_MATCHES
from contract.settings import Settings
from ingest.browser import find_chromium
from ingest.spool import Spool
from tests.fix_command import Ended, Touchline
from touchline.diagnosis import CLOCK_TOLERANCE, clock
from touchline.diagnosis_findings import Unhealthy

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

#: Nobody listens there.
AWAY = "amqp://app:hunter22@127.0.0.1:1/league"


def findings(ended: Ended) -> dict[str, tuple[str, str, str]]:
    """What the doctor said of each check: state, detail, hint."""
    return {row["check"]: (row["state"], row["detail"], row["hint"]) for row in ended.rows}


def a_message() -> dramatiq.Message[Any]:
    return dramatiq.Message(
        queue_name=MATCHES,
        actor_name=STORE_MATCHES,
        args=(),
        kwargs={"run_id": "3f2a0000-0000-4000-8000-000000000001"},
        options={},
        message_id=str(uuid4()),
    )


def test_a_healthy_installation(
    touchline: Touchline, store_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that is used is ok, and each says what it found, without a password."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    ended = touchline("doctor")
    found = findings(ended)
    assert {check: state for check, (state, _, _) in found.items()} == {
        "settings": "ok",
        "embedded server": "not used",
        "database": "ok",
        "migrations": "ok",
        "clock": "ok",
        "runs": "ok",
        "rules of tables": "ok",
        "official tables": "not used",
        "broker": "ok",
        "queues": "ok",
        "schedule": "not used",
        "kept pages": "not used",
        "notices": "not used",
        "spool": "ok",
        "browser": "not used",
        "source ics": "not used",
        "source mlsnext": "ok",
        "source modular11": "ok",
    }
    assert "sources that need one fail" in found["browser"][1]
    assert "PostgreSQL 18" in found["database"][1]
    assert ":***@" in found["database"][1]
    assert ":***@" in found["broker"][1]
    assert "none yet" in found["queues"][1]


def test_the_browser_is_tried(
    chromium: Settings, touchline: Touchline, store_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which one it is, and that it draws a page; one that does not answer is named without its secrets."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    state, detail, _ = findings(touchline("doctor"))["browser"]
    assert state == "ok"
    assert re.fullmatch(rf"Chromium [\d.]+ \({find_chromium(chromium)}\) opens pages", detail)
    monkeypatch.setenv("TOUCHLINE_CHROMIUM", "wss://me:hunter22@127.0.0.1:1/?token=hunter23")
    ended = touchline("doctor")
    assert ended.code == 3
    state, detail, hint = findings(ended)["browser"]
    assert state == "not ok"
    assert detail.startswith("wss://127.0.0.1:1/… does not open: ")
    assert "hunter" not in detail + hint


_RUNS = """
    INSERT INTO touchline.run_accounts (run_id, source, params, started_at, finished_at, state, error) VALUES
        ('aaaa0000-0000-4000-8000-000000000001', 'mlsnext', '{}', now() - interval '3 h', now(), 'succeeded', NULL),
        ('bbbb0000-0000-4000-8000-000000000002', 'mlsnext', '{"full": true}', now() - interval '2 h', now(), 'suspect',
         'a lists 20 matches; the last good run (2026-10-01 12:00 UTC) found 40'),
        ('cccc0000-0000-4000-8000-000000000003', 'mlsnext', '{}', now() - interval '1 h', NULL, 'running', NULL),
        ('dddd0000-0000-4000-8000-000000000004', 'mlsnext', '{"age_groups": ["U14"]}', now() - interval '2 h', now(),
         'failed', 'the site went away'),
        ('eeee0000-0000-4000-8000-000000000005', 'mlsnext', '{"age_groups": ["U15"]}', now() - interval '2 h', now(),
         'failed', 'the site went away'),
        ('ffff0000-0000-4000-8000-000000000006', 'mlsnext', '{"age_groups": ["U15"]}', now() - interval '1 h', now(),
         'succeeded', 'to know'),
        ('abcd0000-0000-4000-8000-000000000007', 'mlsnext', '{"age_groups": ["U16"]}', now() - interval '20 d', now(),
         'failed', 'long ago')
"""


def test_the_last_run_of_each_scope_is_looked_at(
    touchline: Touchline, store_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Suspect or failed: which it is, its own sentence, and what to do. One that was made good is no finding."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    with psycopg.connect(store_url) as connection:
        connection.execute(_RUNS)
    ended = touchline("doctor")
    runs = [row for row in ended.rows if row["check"].startswith("runs")]
    assert ended.code == 1
    assert [(row["check"], row["state"], row["detail"][:12]) for row in runs] == [
        ("runs of mlsnext", "not ok", "run bbbb0000"),
        ("runs of mlsnext", "not ok", "run dddd0000"),
    ]
    assert "UTC is suspect: a lists 20 matches" in runs[0]["detail"]
    assert "touchline scrape mlsnext --full" in runs[0]["hint"]
    assert "[sources.mlsnext.health]" in runs[0]["hint"]
    assert "UTC (U14) is failed: the site went away" in runs[1]["detail"]
    assert "touchline scrape mlsnext" in runs[1]["hint"]


def test_what_does_not_answer_is_named(touchline: Touchline, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is away makes the exit code 3; the rest is checked all the same."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    monkeypatch.setenv("RABBITMQ_URL", AWAY)
    ended = touchline("doctor")
    assert ended.code == 3
    assert findings(ended)["database"][0] == "ok"
    state, detail, hint = findings(ended)["broker"]
    assert state == "not ok"
    assert detail
    assert hint
    assert "hunter22" not in ended.out + ended.err


def test_a_database_that_is_behind_is_named(
    touchline: Touchline, postgres_url: str, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database without tables answers, and is not ok: exit code 1, and the command that mends it."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    ended = touchline("doctor")
    assert ended.code == 1
    state, _, hint = findings(ended)["migrations"]
    assert state == "not ok"
    assert "touchline migrate" in hint


def test_a_database_that_is_away_leaves_the_rest(
    touchline: Touchline, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a database its migrations and clock cannot be looked at; the broker can."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter22@127.0.0.1:1/league")
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    ended = touchline("doctor")
    assert ended.code == 3
    assert findings(ended)["database"][0] == "not ok"
    assert "migrations" not in findings(ended)
    assert findings(ended)["broker"][0] == "ok"
    assert "hunter22" not in ended.out + ended.err


def test_wrong_settings_are_the_only_finding(touchline: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be looked at with settings that cannot be read; the doctor says what is wrong with them."""
    monkeypatch.setenv("DATABASE_URL", "mysql://app:hunter22@db/league")
    ended = touchline("doctor")
    assert ended.code == 1
    assert [row["check"] for row in ended.rows] == ["settings"]
    assert "DATABASE_URL" in ended.rows[0]["detail"]
    assert "hunter22" not in ended.out


@pytest.fixture
def embedded_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that also the account may enter which PostgreSQL runs as, where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="touchline-home-") as home:
        monkeypatch.setenv("TOUCHLINE_HOME", home)
        yield Path(home)
        places.release()


def test_the_embedded_server_is_checked_by_starting_it(touchline: Touchline, embedded_home: Path) -> None:
    """With nothing configured the server under the home is the database and the queue."""
    assert touchline("migrate").code == 0
    found = findings(touchline("doctor"))
    for check in ("settings", "embedded server", "database", "migrations", "clock", "broker", "queues"):
        assert found[check][0] == "ok", found[check]
    assert str(embedded_home) in found["embedded server"][1]


def test_the_table_puts_the_next_step_below(
    touchline: Touchline, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person reads what is wrong, and on the next line what to do."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("RABBITMQ_URL", AWAY)
    lines = touchline("doctor --output table").out.splitlines()
    wrong = next(index for index, line in enumerate(lines) if line.startswith("migrations"))
    assert "not ok" in lines[wrong]
    assert lines[wrong + 1].strip().startswith("→ run")


@pytest.mark.parametrize("apart", [timedelta(seconds=4), timedelta(seconds=-4)])
def test_clocks_that_agree(apart: timedelta) -> None:
    """A difference that nobody notices is ok."""
    assert "within 4.0 s" in clock(NOW, NOW + apart, timedelta(0))


@pytest.mark.parametrize(
    ("apart", "words"), [(timedelta(minutes=2), "120 s behind"), (timedelta(minutes=-2), "120 s ahead of")]
)
def test_clocks_that_differ(apart: timedelta, words: str) -> None:
    """A clock that is off is named with the amount and the direction."""
    with pytest.raises(Unhealthy, match=words):
        clock(NOW, NOW + apart, timedelta(0))


def test_a_slow_answer_is_no_wrong_clock() -> None:
    """What the way to the database may explain is not held against the clock."""
    clock(NOW, NOW + CLOCK_TOLERANCE + timedelta(seconds=2), timedelta(seconds=3))


def test_queues_are_counted(touchline: Touchline, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each queue has its messages and consumers; one that nobody works on is named."""
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    assert {row["ready"] for row in touchline("queues").rows} == {None}
    broker = make_broker(rabbitmq_url)
    broker.enqueue(a_message())
    broker.close()
    rows = {row["queue"]: row for row in touchline("queues").rows}
    assert rows["matches"] == {"queue": "matches", "ready": 1, "delayed": 0, "dead": 0, "consumers": 0}
    assert "Nobody works on matches" in touchline("queues --output table").err
    assert "nobody works on matches" in findings(touchline("doctor"))["queues"][1]


@pytest.mark.parametrize("command", ["queues", "spool flush"])
def test_a_broker_that_is_away(
    touchline: Touchline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Exit code 3, one error with a next step, no password, and what was spooled is still there."""
    monkeypatch.setenv("RABBITMQ_URL", AWAY)
    spool = Spool(tmp_path / "home", AWAY)
    spool.write(a_message())
    ended = touchline(command)
    assert ended.code == 3
    assert ended.out == ""
    assert ended.err.count("touchline: ") == 1
    assert "hunter22" not in ended.err
    assert len(spool) == 1


def test_spooled_messages_are_listed_and_sent(
    touchline: Touchline, rabbitmq_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is shown; flushing sends what is for this broker, and says that other messages wait for another."""
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    ours, other = Spool(tmp_path / "home", rabbitmq_url), Spool(tmp_path / "home", AWAY)
    for spool in (ours, ours, other):
        spool.write(a_message())
    listed = touchline("spool list").rows
    assert len(listed) == 3
    assert {(row["state"], row["queue"], row["actor"]) for row in listed} == {("waiting", MATCHES, STORE_MATCHES)}
    assert findings(touchline("doctor"))["spool"][0] == "not ok"

    ended = touchline("spool flush")
    assert ended.code == 0
    assert "Sent 2 messages." in ended.err
    assert "For another broker on disk: 1 message to amqp://127.0.0.1:1/league" in ended.err
    assert (len(ours), len(other)) == (0, 1)
    assert next(row for row in touchline("queues").rows if row["queue"] == MATCHES)["ready"] == 2


def test_flushing_nothing_reaches_for_no_broker(touchline: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty spool is no reason to ask a broker anything."""
    monkeypatch.setenv("RABBITMQ_URL", AWAY)
    ended = touchline("spool flush")
    assert (ended.code, ended.out) == (0, "")
    assert "Nothing waits" in ended.err


def test_a_torn_file_is_set_aside(
    touchline: Touchline, rabbitmq_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the disk did not keep holds up nothing, and the exit code tells."""
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_url)
    spool = Spool(tmp_path / "home", rabbitmq_url)
    torn = spool.write(a_message())
    spool.write(a_message())
    torn.write_bytes(torn.read_bytes()[:-20])
    ended = touchline("spool flush")
    assert ended.code == 1
    assert "Set aside 1 file that" in ended.err
    assert [row["state"] for row in touchline("spool list").rows] == ["torn"]


def _mlsnext(ended: Ended) -> dict[str, Any]:
    (row,) = [row for row in ended.rows if row["name"] == "mlsnext"]
    return row


def test_sources_remember_when_they_were_asked(touchline: Touchline, tmp_path: Path) -> None:
    """A source has its leagues and its description, and the times that its last reading left behind."""
    from ingest.validators import Validators

    assert _mlsnext(touchline("sources"))["last_checked_at"] is None
    Validators(tmp_path / "home", "mlsnext", now=lambda: NOW).commit("mls-next-league-26-27")
    row = _mlsnext(touchline("sources"))
    assert row["leagues"] == ["homegrown", "flex", "academy"]
    assert row["last_checked_at"] == "2026-11-22T12:00:00Z"
    assert row["last_changed_at"] is None


def test_sources_are_shown_with_who_reads_them(
    touchline: Touchline, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run, machine, process and since when; nobody is an empty list, and no store is null."""
    from actors.store.turns import take

    assert _mlsnext(touchline("sources"))["readers"] is None
    monkeypatch.setenv("DATABASE_URL", store_url)
    assert _mlsnext(touchline("sources"))["readers"] == []
    run_id = uuid4()
    with open_pool(store_url, size=1) as pool:
        take(pool, "mlsnext", run_id, places=1)
    [reader] = _mlsnext(touchline("sources"))["readers"]
    assert (reader["run_id"], reader["pid"]) == (str(run_id), os.getpid())
    assert reader["since"].endswith("Z")
    assert f"[{os.getpid()}] since 20" in touchline("sources --output table").out


def test_sources_are_listed_without_the_store(touchline: Touchline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away, or that was not migrated, keeps nobody from seeing what is installed."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:9/touchline")
    ended = touchline("sources")
    assert (ended.code, _mlsnext(ended)["readers"]) == (0, None)
    assert "Who reads them now is not known: the database" in ended.err
