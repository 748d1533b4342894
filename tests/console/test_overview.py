"""The first page over a real store and broker: of a healthy system, of broken ones, and of hostile words."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from contract.broker import make_broker, oldest_ready
from contract.names import MATCHES, STORE_MATCHES
from tests.fix_console import Console, MakeConsole
from tests.ports import free_ports

#: Seconds that the page may take where something does not answer; it waits for half of that.
SOON = 30.0

HOSTILE = "<script>alert(1)</script>\"'\u202e"


def _sentence(page: str) -> str:
    found = re.search(r"<h1[^>]*><bdi>(.*?)</bdi></h1>", page, re.DOTALL)
    assert found
    return unescape(found[1]).strip()


def _page(console: Console, path: str = "/") -> str:
    answer = console.get(path)
    assert answer.status == 200, answer.data.decode()
    return answer.data.decode()


def _run(url: str, *, state: str = "succeeded", source: str = "mlsnext", error: str | None = None) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO touchline.run_accounts (run_id, source, started_at, finished_at, state, inserted, unchanged, "
            "parts, error) VALUES (gen_random_uuid(), %s, now() - interval '5 minutes', now() - interval '4 minutes', "
            "%s, 7, 3, ARRAY['a'], %s)",
            (source, state, error),
        )


def test_a_system_that_nobody_has_used_yet_says_what_to_do(console: Console) -> None:
    page = _page(console)
    assert _sentence(page) == "Nothing is wrong, and nothing has been read yet."
    assert "touchline scrape mlsnext --wait" in page
    assert "touchline schedule init" in page


def test_a_healthy_system_is_called_well(console: Console, store_url: str) -> None:
    _run(store_url)
    page = _page(console)
    assert _sentence(page) == "All is well."
    assert "7 inserted" in page
    assert 'aria-label="7 inserted, 3 unchanged"' in page
    assert "7 matches stored in 30 days" in page
    assert "None is open." in page


def test_a_broken_system_says_what_is_wrong_and_the_next_step(console: Console, store_url: str) -> None:
    _run(store_url, state="failed", error="the site answers 503")
    with psycopg.connect(store_url) as connection:
        connection.execute(
            "INSERT INTO touchline.dead (kind, queue, actor, reason, error, payload) "
            "VALUES ('message', 'runs', 'record_run', 'unknown', 'KeyError', '{}')"
        )
    _waiting(store_url)
    page = _page(console)
    assert _sentence(page).startswith("Not well: 1 message in matches, and nobody works on that, and 2 other things")
    assert "dramatiq actors --queues matches" in page
    assert "the last run of mlsnext is failed: the site answers 503" in page
    assert "once its cause is gone: touchline scrape mlsnext" in page
    assert 'href="/dead-letters">1 open</a>' in page


def _waiting(url: str) -> None:
    """A message that waits in the queue that is in the store."""
    import dramatiq

    broker = make_broker(url)
    broker.declare_queue(MATCHES)
    broker.enqueue(dramatiq.Message(MATCHES, STORE_MATCHES, (), {}, {}))
    broker.close()


def test_the_queue_in_the_store_says_how_long_its_oldest_message_waits(console: Console, store_url: str) -> None:
    _waiting(store_url)
    with psycopg.connect(store_url) as connection:
        connection.execute("UPDATE touchline_queue.queue SET available_at = now() - interval '5 hours'")
    assert round((oldest_ready(store_url) or {})[MATCHES]) // 60 == 300
    page = _page(console)
    assert "Oldest waits" in page
    row = re.search(r'<tr><th scope="row">matches</th>.*?</tr>', page, re.DOTALL)
    assert row
    assert '<td class="number">5 h</td>' in row[0]


@pytest.mark.slow
def test_rabbitmq_does_not_tell_ages_and_the_page_says_so(make_console: MakeConsole, rabbitmq_url: str) -> None:
    page = _page(make_console(rabbitmq_url=rabbitmq_url))
    assert _sentence(page) == "Nothing is wrong, and nothing has been read yet."
    assert oldest_ready(rabbitmq_url) is None
    assert "Oldest waits" not in page


def test_a_broker_that_is_away_is_said_and_the_page_comes(make_console: MakeConsole, store_url: str) -> None:
    _run(store_url)
    nobody = f"amqp://guest:geheim@127.0.0.1:{free_ports(1)[0]}/"
    page = _page(make_console(rabbitmq_url=nobody))
    assert _sentence(page).startswith("Not well: ")
    assert "geheim" not in page
    assert "How much waits, and who works on it, is not known" in page
    assert "7 inserted" in page


def test_matches_without_a_result_count_between_the_second_and_the_fifth_day(
    console: Console, make_console: MakeConsole, store_url: str
) -> None:
    """26 are more than a league is late with; what is older, called off, withdrawn or of today is another matter."""
    _run(store_url)
    with psycopg.connect(store_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO touchline.teams (source, team_key, name, age_group) "
            "VALUES ('mlsnext', 'a', 'Ash', 'U14'), ('mlsnext', 'b', 'Birch', 'U14')"
        )
        insert = (
            "INSERT INTO touchline.matches (source, match_id, season, match_type, age_group, date, kickoff, "
            "home_team_key, away_team_key, status, observed_at, withdrawn_at) "
            "SELECT 'mlsnext', %(name)s || number, '2026-27', 'League', 'U14', current_date - %(days)s::int, "
            "now() - make_interval(days => %(days)s::int), 'a', 'b', %(status)s, now(), "
            "CASE WHEN %(gone)s THEN now() END FROM generate_series(1, %(count)s::int) AS number"
        )
        known = {"status": "scheduled", "gone": False, "count": 40}
        cursor.execute(insert, {**known, "name": "old", "days": 9})
        cursor.execute(insert, {**known, "name": "today", "days": 0})
        cursor.execute(insert, {**known, "name": "off", "days": 3, "status": "cancelled"})
        cursor.execute(insert, {**known, "name": "gone", "days": 3, "gone": True})
        cursor.execute(insert, {**known, "name": "late", "days": 3, "count": 25})
    page = _page(console)
    assert _sentence(page) == "All is well."
    assert '<td data-label="Behind schedule" class="number">65</td>' in page
    with psycopg.connect(store_url) as connection:
        connection.execute(insert, {**known, "name": "more", "days": 3, "count": 1})
    assert "26 matches of mlsnext kicked off two to five days ago and have no result" in _page(make_console())


@contextmanager
def _silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []

        def take() -> None:
            try:
                while True:
                    taken.append(listening.accept()[0])
            except OSError:
                pass

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for line in taken:
                line.close()


def test_a_broker_that_hangs_holds_up_nobody(make_console: MakeConsole) -> None:
    with _silent() as port:
        console = make_console(rabbitmq_url=f"amqp://guest:guest@127.0.0.1:{port}/?socket_timeout=60&stack_timeout=60")
        begun = time.monotonic()
        page = _page(console)
        assert time.monotonic() - begun < SOON
        assert "the broker has not answered for 2.5 s" in _sentence(page)


@pytest.mark.slow
def test_a_database_that_is_away_is_said_and_the_page_comes(make_console: MakeConsole, rabbitmq_url: str) -> None:
    from actors.console.serving import serving
    from contract.settings import Settings

    nobody = f"postgresql://me:geheim@127.0.0.1:{free_ports(1)[0]}/x"
    settings = Settings(
        home=Path("/nowhere"), console_listen=f"127.0.0.1:{free_ports(1)[0]}", rabbitmq_url=rabbitmq_url,
        database_url=nobody,
    )  # fmt: skip
    with serving(settings, store_url=nobody, token="a token that is long") as address:
        answer = Console(address).get("/")
    page = answer.data.decode()
    assert answer.status == 200
    assert _sentence(page).startswith("Not well: the database ")
    assert "geheim" not in page
    assert 'id="queues"' in page
    assert 'id="sources"' not in page


def test_what_a_site_says_is_text_on_every_page(console: Console, store_url: str) -> None:
    _run(store_url, state="suspect", source=HOSTILE, error=HOSTILE)
    with psycopg.connect(store_url) as connection:
        connection.execute(
            "INSERT INTO touchline.run_parts (run_id, part, failed, found, batches, error, ended_at) "
            "SELECT run_id, %s, true, 0, 0, %s, now() FROM touchline.run_accounts",
            (HOSTILE, HOSTILE),
        )
        found = connection.execute("SELECT run_id FROM touchline.run_accounts").fetchone()
    assert found
    for path in ("/", "/runs", f"/runs?source={quote(HOSTILE)}", f"/runs/{found[0]}"):
        page = _page(console, path)
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert(1)" in page, path
        for bare in re.findall(r"[^>]*\u202e[^<]*", re.sub(r'"[^"<>]*"', '""', page)):
            before = page[: page.index(bare)].rpartition("<")[2]
            assert before.startswith(("bdi", "option", "title")), (path, bare)
