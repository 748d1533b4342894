"""The console as each role of container/postgres/roles.sql: who only reads sees the same pages."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
import urllib3

from actors.console.serving import serving
from contract.settings import Settings
from tests.fix_console import TOKEN, Console
from tests.fix_roles import Roles
from tests.ports import free_ports

pytestmark = pytest.mark.slow

STORED = Path(__file__).parents[1] / "integration" / "stored.sql"

PATHS = (
    "/runs",
    "/runs/3f2a0000-0000-4000-8000-000000000001",
    "/dead-letters?state=all",
    "/dead-letters/1",
    "/changes",
    "/matches",
    "/matches?team=academy&status=corrected",
    "/matches/mlsnext/26030",
    "/tables",
    "/tables/one?source=mlsnext&season=2026-27&league=homegrown&age_group=U14&division=Florida",
)


def _pages(url: str, home: Path, *paths: str) -> list[str]:
    settings = Settings(home=home, database_url=url, console_listen=f"127.0.0.1:{free_ports(1)[0]}")
    with serving(settings, store_url=url, token=TOKEN) as address:
        answers = [Console(address).get(path) for path in paths]
        assert [answer.status for answer in answers] == [200 for _ in paths]
        return [answer.data.decode() for answer in answers]


@pytest.fixture(scope="module", autouse=True)
def stored(roles: Roles) -> None:
    with psycopg.connect(roles.owner) as connection:
        connection.execute(STORED.read_bytes())


def test_who_only_reads_sees_what_the_owner_sees(roles: Roles, tmp_path: Path) -> None:
    # "5 min ago" moves on between two looks
    seen = [
        [re.sub(r">[^<>]* ago<", "><", page) for page in _pages(url, tmp_path, *PATHS)]
        for url in (roles.owner, roles.writer, roles.reader)
    ]
    assert seen[0] == seen[1] == seen[2]
    assert "home_score without away_score" in seen[2][1]
    (overview,) = _pages(roles.reader, tmp_path, "/")
    assert "could not be had" not in overview
    assert "permission denied" not in overview
    assert ">2 open</a>" in overview


def test_a_role_that_may_not_look_into_the_queue_is_told_so_and_sees_the_rest(roles: Roles, tmp_path: Path) -> None:
    with psycopg.connect(roles.superuser) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS touchline_queue")
        connection.execute("CREATE TABLE touchline_queue.queue (queue_name text)")
    try:
        (overview,) = _pages(roles.reader, tmp_path, "/")
    finally:
        with psycopg.connect(roles.superuser) as connection:
            connection.execute("DROP SCHEMA touchline_queue CASCADE")
    assert "how much waits in the queues cannot be told" in overview
    assert 'class="wellbeing warn"' in overview
    assert "permission denied for schema touchline_queue" in overview
    assert 'id="sources"' in overview


def test_who_only_reads_is_told_why_a_correction_is_not_made(roles: Roles, tmp_path: Path) -> None:
    form = {"source": "mlsnext", "match_id": "26030", "home_score": "2", "was_home_score": "0", "why": "report"}

    def send(url: str) -> urllib3.BaseHTTPResponse:
        settings = Settings(home=tmp_path, database_url=url, console_listen=f"127.0.0.1:{free_ports(1)[0]}")
        with serving(settings, store_url=url, token=TOKEN) as address:
            return Console(address).sign_in().send("/matches/correct", form)

    refused = send(roles.reader)
    assert refused.status == 503
    assert "touchline_writer acts" in refused.data.decode()
    assert send(roles.writer).status == 303
