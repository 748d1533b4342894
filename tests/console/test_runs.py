"""The pages of runs: filters, pages by key, and the story of one with what is kept of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from actors.console.pages import runs as page_of_runs
from ingest.answers import Answer
from ingest.archive import Archive, RunKeeper
from ingest.sources import Part, Scope
from tests.fix_console import Console, MakeConsole

STORED = Path(__file__).parents[1] / "integration" / "stored.sql"
GOOD = "3f2a0000-0000-4000-8000-000000000001"
SUSPECT = "3f2b0000-0000-4000-8000-000000000002"
RUNNING = "aaaa0000-0000-4000-8000-000000000003"


@pytest.fixture
def filled(console: Console, store_url: str) -> Console:
    with psycopg.connect(store_url) as connection:
        connection.execute(STORED.read_bytes())
    return console


def _page(console: Console, path: str) -> str:
    answer = console.get(path)
    assert answer.status == 200, answer.data.decode()
    return answer.data.decode()


def _listed(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/runs/([0-9a-f-]{36})"', page)


def test_runs_are_listed_newest_first_and_filtered(filled: Console) -> None:
    assert _listed(_page(filled, "/runs")) == [RUNNING, SUSPECT, GOOD]
    assert _listed(_page(filled, "/runs?source=mlsnext&state=succeeded")) == [GOOD]
    assert _listed(_page(filled, "/runs?trigger=schedule")) == [SUSPECT]
    assert "No run fits." in _page(filled, "/runs?source=nobody")
    # a form sends what was not chosen, too
    assert len(_listed(_page(filled, "/runs?source=&state=&trigger="))) == 3


@pytest.mark.parametrize("wrong", ["state=x", "trigger=x", "before=yesterday", "before_run=1", "source=" + "x" * 200])
def test_what_is_no_filter_is_refused(console: Console, wrong: str) -> None:
    assert console.get(f"/runs?{wrong}").status == 422


def test_pages_hold_every_run_once_also_those_of_one_moment(
    console: Console, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_runs, "PAGE", 3)
    began = datetime(2026, 10, 1, tzinfo=UTC)
    made = [(uuid4(), began + timedelta(minutes=number // 4)) for number in range(11)]
    with psycopg.connect(store_url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO touchline.run_accounts (run_id, source, started_at, state) VALUES (%s, 'ics', %s, 'running')",
            made,
        )
    path: str | None = "/runs?source=ics"
    seen: list[str] = []
    while path:
        page = _page(console, path)
        seen += _listed(page)
        assert ("First page" in page) == (len(seen) > 3)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(found[1]) if found else None
    assert seen == [str(run_id) for run_id, at in sorted(made, key=lambda one: (-one[1].timestamp(), one[0]))]


def test_a_run_tells_its_story(filled: Console, store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        connection.execute(
            'INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order") '
            "VALUES ('match-days', '2026-10-05T10:00Z', %s, gen_random_uuid(), 'done', '{}')",
            (SUSPECT,),
        )
        connection.execute("UPDATE touchline.run_accounts SET parts = '{homegrown,flex}' WHERE run_id = %s", (SUSPECT,))
    page = _page(filled, f"/runs/{SUSPECT}")
    for words in (
        "found 4 where the last good run found 400",
        "widen the bounds for that one run",
        "by a schedule, <bdi>match-days</bdi>",
        "1 updated",
        "3 unchanged",
        f'href="/changes?run={SUSPECT}"',
        "<bdi>homegrown</bdi>",
        "not read",
    ):
        assert words in page, words
    good = _page(filled, f"/runs/{GOOD}")
    assert "leagues: flex" in good
    assert "home_score without away_score" in good
    assert f"/dead-letters?run={GOOD}&amp;state=all" in good
    assert "Kept pages" not in good
    assert filled.get(f"/runs/{uuid4()}").status == 404
    assert filled.get("/runs/x").status == 422


def test_the_parts_of_a_run_that_goes_on_are_named(console: Console, store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        connection.execute(
            "INSERT INTO touchline.run_accounts (run_id, source, parts) VALUES (%s, 'ics', '{one,two}')", (RUNNING,)
        )
    page = _page(console, f"/runs/{RUNNING}")
    assert page.count("running") >= 3
    assert "not yet" in page


def _keep(directory: Path, run_id: UUID, body: bytes) -> str:
    keeper = RunKeeper(Archive(directory), run_id, "mlsnext", Scope())
    keeper.planned([Part("flex", None, "2026-27", {})])
    at = datetime(2026, 10, 2, 10, tzinfo=UTC)
    keeper.keep(
        "https://site.example/flex", Answer(200, body, None, "https://site.example/flex", "text/html", at), "flex"
    )
    return next(Archive(directory).documents.glob("*/*.xz")).stem


def test_a_kept_page_is_a_file_to_be_saved_and_never_a_page_of_ours(
    make_console: MakeConsole, store_url: str, tmp_path: Path
) -> None:
    body = b"<script>alert(1)</script>"
    digest = _keep(tmp_path / "pages", UUID(GOOD), body)
    with psycopg.connect(store_url) as connection:
        connection.execute(STORED.read_bytes())
    console = make_console(keep_pages=tmp_path / "pages")
    page = _page(console, f"/runs/{GOOD}")
    assert f"/runs/{GOOD}/pages/{digest}" in page
    assert "https://site.example/flex" in page
    answer = console.get(f"/runs/{GOOD}/pages/{digest}")
    assert (answer.status, answer.data) == (200, body)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "Nothing of this run is kept" in _page(console, f"/runs/{SUSPECT}")


def test_only_a_run_s_own_documents_are_given(make_console: MakeConsole, store_url: str, tmp_path: Path) -> None:
    digest = _keep(tmp_path / "pages", UUID(GOOD), b"x")
    console = make_console(keep_pages=tmp_path / "pages")
    assert console.get(f"/runs/{SUSPECT}/pages/{digest}").status == 404
    assert console.get(f"/runs/{GOOD}/pages/{'0' * 64}").status == 404
    assert console.get(f"/runs/{GOOD}/pages/..%2f..%2flock").status in (404, 422)
    next((tmp_path / "pages" / "documents").glob("*/*.xz")).write_bytes(b"damaged")
    assert console.get(f"/runs/{GOOD}/pages/{digest}").status == 404
    closed = make_console(keep_pages=tmp_path / "pages", console_readers="token")
    assert closed.get(f"/runs/{GOOD}/pages/{digest}").status == 303
    assert make_console().get(f"/runs/{GOOD}/pages/{digest}").status == 404
