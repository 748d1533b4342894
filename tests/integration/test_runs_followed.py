"""`touchline runs --follow` in a process of its own, on a real store that is also away for a moment."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any
from uuid import UUID, uuid4

import pytest

from actors.store import runs
from actors.store.database import connect
from tests.fix_proxy import Proxy
from tests.fix_scraping import PATIENCE, Program
from tests.fix_site import Site

pytestmark = pytest.mark.slow

AT = "2026-11-25T0{}:30:00Z"


class Lines:
    """What a process writes, line by line, with a deadline."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip("\n"))

    def next(self) -> str:
        return self._lines.get(timeout=PATIENCE)

    def row(self) -> tuple[str, str]:
        row = json.loads(self.next())
        return row["run_id"], row["state"]

    @property
    def silent(self) -> bool:
        return self._lines.empty()


def start(url: str, run_id: UUID, *, source: str = "mlsnext") -> None:
    with connect(url, tuples=True) as connection:
        said: dict[str, Any] = {"params": {}, "trigger": "cli", "scheduled_for": None, "parts": ["a"]}
        runs.start(connection, run_id, source, at=AT.format(1), **said)
        # as if it had begun now, whenever the test runs
        connection.execute("UPDATE touchline.run_accounts SET started_at = now() WHERE run_id = %s", (run_id,))


def fail(url: str, run_id: UUID) -> None:
    with connect(url, tuples=True) as connection:
        said: dict[str, Any] = {"found": 0, "batches": 0, "failed": True, "kind": "transient", "error": "away"}
        runs.end_part(connection, run_id, "mlsnext", "a", at=AT.format(2), **said)


Follow = Callable[..., tuple[subprocess.Popen[str], Lines, Lines]]


@pytest.fixture
def follow(store_url: str, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follow]:
    """Starts `touchline runs --follow` with these arguments."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, url: str = store_url) -> tuple[subprocess.Popen[str], Lines, Lines]:
        program = Program(tmp_path_factory.mktemp("home"), site, DATABASE_URL=url)
        process = program.start("runs", "--follow", *arguments)
        started.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        return process, Lines(process.stdout), Lines(process.stderr)

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_runs_are_shown_as_they_begin_and_end(store_url: str, follow: Follow) -> None:
    """What there is comes first, oldest at the top; then each change as a line at once; Ctrl-C ends it with 130."""
    first, second = uuid4(), uuid4()
    start(store_url, first)
    process, out, err = follow()
    assert out.row() == (str(first), "running")
    start(store_url, second)
    assert out.row() == (str(second), "running")
    fail(store_url, first)
    assert out.row() == (str(first), "failed")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert err.next() == "touchline: interrupted"
    assert out.silent


def test_filters_hold(store_url: str, follow: Follow) -> None:
    """Only what fits is shown, the moment that it fits."""
    other, run = uuid4(), uuid4()
    _, out, _ = follow("--source", "mlsnext", "--state", "failed")
    start(store_url, other, source="elsewhere")
    start(store_url, run)
    fail(store_url, run)
    assert out.row() == (str(run), "failed")


def test_a_database_that_is_away_for_a_moment_is_waited_for(
    store_url: str, follow: Follow, tcp_proxy: Callable[[str], Proxy]
) -> None:
    """It says so once, and what happened meanwhile is shown when it is back."""
    proxy = tcp_proxy(store_url)
    run = uuid4()
    start(store_url, run)
    _, out, err = follow(url=proxy.url)
    assert out.row() == (str(run), "running")
    proxy.cut()
    said = err.next()
    assert said.startswith("Waiting: the database ")
    fail(store_url, run)
    proxy.restore()
    assert err.next() == "The database is back."
    assert out.row() == (str(run), "failed")


def test_a_database_that_is_away_from_the_start_is_an_error(
    store_url: str, follow: Follow, tcp_proxy: Callable[[str], Proxy]
) -> None:
    """As for every other command: exit code 3."""
    proxy = tcp_proxy(store_url)
    proxy.cut()
    process, _, err = follow(url=proxy.url)
    assert process.wait(PATIENCE) == 3
    assert "does not answer" in err.next()


def test_a_table_and_csv_have_one_header(store_url: str, follow: Follow) -> None:
    """Lines are added under it."""
    run = uuid4()
    start(store_url, run)
    for arguments, begins in ((("--output", "table"), "run "), (("--output", "csv"), "run_id,source,")):
        _, out, _ = follow(*arguments)
        assert out.next().startswith(begins)
        assert out.next().startswith(str(run)[:8])
        assert out.silent


def test_a_json_list_that_never_ends_is_refused(follow: Follow) -> None:
    """Whoever wants JSON takes it by the line."""
    process, _, err = follow("--output", "json")
    assert process.wait(PATIENCE) == 2
    assert "JSON list" in err.next()
    assert "jsonl" in err.next()
