"""Commands as each role of container/postgres/roles.sql: who only reads sees all, and is told who may act."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from contract.broker import check as check_broker
from contract.errors import ConfigurationError
from tests.acceptance.conftest import ROOT, clean_environment
from tests.fix_command import Touchline
from tests.fix_roles import Roles

RUN = "3f2a0000-0000-4000-8000-000000000001"

READING = (
    "runs",
    f"runs {RUN}",
    "runs --since 1000d --state suspect",
    "matches",
    "match show 15001",
    "matches --team florida --division florida --age-group u14 --season 2026-27",
    "changes",
    "changes --team athletum",
    "table",
    "table --season 2025-26 --division northeast",
    "table --official",
    "teams",
    "calendar athletum",
    "sources",
    "dead list --state all",
    "dead show 1",
    "schedule list",
    "schedule history",
    "migrate --check",
)

SCHEDULE = '[schedules.weekend]\nsource = "mlsnext"\ncron = "0 6 * * sat"\n'

#: An address where nobody listens: none of these commands may get so far as to need the queue.
NOBODY = "amqp://touchline:secret@127.0.0.1:1/touchline"


@pytest.fixture(scope="module")
def filled(roles: Roles) -> Roles:
    with psycopg.connect(roles.owner) as connection:
        connection.execute(Path(__file__).with_name("stored.sql").read_bytes())
        connection.execute(
            "INSERT INTO touchline.schedules VALUES ('weekend', '0 6 * * sat', 'UTC', now());"
            'INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order")'
            "VALUES ('weekend', now() - interval '90 s', gen_random_uuid(), gen_random_uuid(), 'published', '{}');"
            "INSERT INTO touchline.turns VALUES ('mlsnext', 1, gen_random_uuid(), gen_random_uuid(), 'here', 1, now(),"
            " now() + interval '1 hour');"
            "INSERT INTO touchline.dead_acts (dead_id, act, by_whom) VALUES (1, 'replay', 'somebody')"
        )
    return roles


@pytest.mark.parametrize("line", READING)
def test_who_only_reads_sees_what_the_owner_sees(
    touchline: Touchline, filled: Roles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    """Each reading command, as each of the three: the same rows, and some."""
    (tmp_path / "touchline.toml").write_text(SCHEDULE)
    seen = {}
    for url in (filled.owner, filled.writer, filled.reader):
        monkeypatch.setenv("DATABASE_URL", url)
        ended = touchline(line)
        assert ended.code == 0, ended.err
        seen[url] = ended.out
    assert len(set(seen.values())) == 1
    if not line.startswith("migrate"):
        assert ended.out, "nothing to see proves nothing"


@pytest.mark.parametrize(
    "line",
    [
        "dead drop 1 --why 'no match'",
        "dead replay 1",
        "match correct 15001 --home-score 2 --why report",
        "match uncorrect 15001 --why report",
        "migrate",
        "schedule trigger weekend",
    ],
)
def test_who_only_reads_is_told_who_acts(
    touchline: Touchline, filled: Roles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    """One sentence with the next step and exit code 2; nothing has changed, and no password is shown."""
    (tmp_path / "touchline.toml").write_text(SCHEDULE)
    monkeypatch.setenv("DATABASE_URL", filled.reader)
    monkeypatch.setenv("RABBITMQ_URL", NOBODY)
    ended = touchline(line)
    assert ended.code == 2, ended
    said = " ".join(ended.err.split())
    assert "permission denied" in said or "may not" in said
    assert "touchline_writer" in said or "touchline_owner" in said
    assert "re$ad" not in ended.err
    with psycopg.connect(filled.owner) as connection:
        assert connection.execute("SELECT count(*) FROM public.dead_letters WHERE state = 'open'").fetchone() == (2,)


def test_who_writes_may_drop_a_letter(touchline: Touchline, filled: Roles, monkeypatch: pytest.MonkeyPatch) -> None:
    """The role that acts acts; it does not migrate."""
    monkeypatch.setenv("DATABASE_URL", filled.writer)
    ended = touchline("dead drop 2 --why 'known since May'")
    assert ended.code == 0, ended.err
    with psycopg.connect(filled.owner) as connection:
        connection.execute("UPDATE touchline.dead SET state = 'open' WHERE dead_id = 2")
    refused = touchline("migrate")
    assert refused.code == 2
    assert "touchline_owner" in refused.err


def test_who_writes_may_correct_a_match(touchline: Touchline, filled: Roles, monkeypatch: pytest.MonkeyPatch) -> None:
    """And take it back."""
    monkeypatch.setenv("DATABASE_URL", filled.writer)
    for line in ("match correct 15001 --home-score 2 --why report", "match uncorrect 15001 --why misread"):
        ended = touchline(line)
        assert ended.code == 0, ended.err


@pytest.mark.slow
def test_a_worker_whose_role_may_only_read_does_not_start(filled: Roles, tmp_path: Path) -> None:
    """It says so before it takes a message, and ends with the exit code of a wrong setting."""
    env = clean_environment(TOUCHLINE_HOME=str(tmp_path), DATABASE_URL=filled.reader, RABBITMQ_URL=NOBODY)
    command = [sys.executable, "-m", "dramatiq", "actors", "--processes", "1", "--threads", "1"]
    ended = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2, ended.stderr
    assert "the role touchline_reader may not write to the database" in ended.stderr
    assert "names touchline_writer" in ended.stderr


def test_who_makes_no_tables_has_no_queue_in_the_database(filled: Roles) -> None:
    """The queue in PostgreSQL makes its own; whoever may not is told so instead of waiting for ever."""
    check_broker(filled.owner)
    for url in (filled.writer, filled.reader):
        with pytest.raises(ConfigurationError, match="may not use the database as the queue") as refused:
            check_broker(url)
        assert "RABBITMQ_URL" in refused.value.hint


def test_views_for_metrics(filled: Roles) -> None:
    """What `touchline metrics` reads, as the role that it has."""
    with psycopg.connect(filled.owner) as connection:
        connection.execute(
            "INSERT INTO touchline.news (news_id, kind, scope, payload, published_at) VALUES"
            " (gen_random_uuid(), 'run.failed', 's', '{}', NULL), (gen_random_uuid(), 'run.failed', 's', '{}', now())"
        )
    with psycopg.connect(filled.reader) as connection:
        news = connection.execute("SELECT unpublished, undelivered FROM touchline.notices_waiting").fetchone()
        assert news == (1, 1)
        last = connection.execute(
            "SELECT source, state, found, updated, last_good_at IS NOT NULL FROM touchline.last_runs"
        ).fetchall()
        assert last == [("mlsnext", "suspect", 4, 1, True)], "the run that runs still is not the last that ended"
