"""The console in a real Chromium: people search and act, and nothing that a site says does anything on a page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from actors.store.database import open_pool
from actors.store.dead import DeadRow
from actors.store.matches import BatchOf
from actors.store.official import store_tables
from tests.fix_console import Console
from tests.integration.store.conftest import DAY, Store, a_match
from tests.integration.store.letters import a_batch, bury, letters

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

#: Milliseconds: a loaded machine may be slow.
PATIENCE = 60_000

#: The end of an attribute, of an element and of a script, each with what would be seen if it were taken for one.
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} \u202eevil\u202c"

#: Text that turns what stands around it, and where it may stand: apart from all else.
_TURNING = """() => {
  const turning = /[\\u202a-\\u202e\\u2066-\\u2069]/;
  const apart = "bdi, title, option, pre, input, textarea";
  const found = [];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode;
    if (turning.test(text.data) && !text.parentElement.closest(apart)) found.push(text.parentElement.outerHTML);
  }
  return found;
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a new visitor. Whatever the browser complains of fails the test, scripts that it refused, too."""
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))

        def refuse(dialog: Any) -> None:
            wrong.append(f"a dialog says {dialog.message}")
            dialog.dismiss()

        page.on("dialog", refuse)
        yield page
        assert not wrong


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """What the console of the test reads."""
    pool = open_pool(store_url, size=4)
    yield Store(pool, store_url)
    pool.close()


@contextmanager
def worker(store_url: str, home: Path) -> Iterator[None]:
    """A `dramatiq actors` that stores what waits, until the block ends."""
    home.mkdir()
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dramatiq", "actors", "--processes", "1", "--threads", "1", "--queues", "matches"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": store_url, "TOUCHLINE_HOME": str(home)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, (home / "worker.log").read_text()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def sign_in(page: Page, console: Console, path: str = "/") -> None:
    """By the link of a page, which is where it leads back to."""
    page.goto(console.url + path)
    page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    page.get_by_label("Token").fill(console.token)
    page.get_by_label("name").fill("Ada")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("banner")).to_contain_text("Ada")
    assert page.url == console.url + path


def test_a_team_is_searched_and_one_of_its_matches_opened(page: Page, console: Console, store: Store) -> None:
    store.put([a_match("1"), a_match("2", home_team_id="3", home_team="Crag & Dale"), a_match("3")])
    page.goto(console.url)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Matches").click()
    rows = page.get_by_role("table", name="In the order in which they are played").get_by_role("link")
    expect(rows).to_have_count(3)
    page.get_by_label("Team").fill("crag")
    page.get_by_label("Team").press("Enter")
    expect(rows).to_have_text(["Crag & Dale – Bellwater"])
    rows.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Crag & Dale – Bellwater")
    page.get_by_role("main").get_by_role("link", name="Northeast").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Northeast")
    expect(page.get_by_role("table", name="By the league's own rules").get_by_role("row")).to_have_count(4)


def test_a_match_is_corrected_and_the_correction_taken_back(page: Page, console: Console, store: Store) -> None:
    store.put([a_match("1", status="completed", home_score=1, away_score=3)])
    sign_in(page, console, "/matches/mlsnext/1")
    page.get_by_text("Overrule what the site says of it").click()
    page.get_by_label("Goals, home").fill("2")
    page.get_by_label("Why the site is wrong").fill("the referee's report")
    page.get_by_role("button", name="Correct").click()
    expect(page.get_by_role("status")).to_contain_text("Corrected.")
    expect(page.locator("p.result")).to_contain_text("2:3")
    expect(page.get_by_role("row", name="home score")).to_contain_text("the referee's report")
    assert store.match("1")["home_score"] == 2
    page.get_by_label("Because").fill("misread")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    expect(page.locator("p.result")).to_contain_text("1:3")
    assert store.match("1")["corrected"] is None


def test_a_dead_letter_is_sent_again_and_gone(
    page: Page, console: Console, store: Store, store_url: str, tmp_path: Path
) -> None:
    """A worker stores what it held: the match is there, and no letter is open any more."""
    bury(store, a_batch(store, [a_match("1")]))
    sign_in(page, console, "/dead-letters")
    page.get_by_role("checkbox", name="Letter").check()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status")).to_contain_text("1 dead letter sent again")
    expect(page.get_by_role("main")).to_contain_text("No dead letter is open")
    with worker(store_url, tmp_path / "worker"):
        page.goto(f"{console.url}/matches")
        match = page.get_by_role("link", name="Ashgrove – Bellwater")
        deadline = PATIENCE
        while not match.is_visible() and deadline > 0:
            page.wait_for_timeout(200)
            deadline -= 200
            page.reload()
        expect(match).to_be_visible()
    page.goto(f"{console.url}/dead-letters?state=all")
    expect(page.get_by_role("main")).to_contain_text("stored")
    assert [letter["state"] for letter in letters(store)] == ["replayed"]


def test_dead_letters_are_dropped_in_bulk(page: Page, console: Console, store: Store) -> None:
    for _ in range(3):
        bury(store, a_batch(store, [a_match("1")]))
    sign_in(page, console, "/dead-letters")
    page.get_by_label("All 3 on this page").check()
    page.get_by_label("Or give up, because").fill("test data")
    page.get_by_role("button", name="Drop").click()
    expect(page.get_by_role("status")).to_contain_text("3 dead letters dropped")
    assert {letter["state"] for letter in letters(store)} == {"dropped"}


def _hostile(store: Store) -> list[str]:
    """Store hostile words wherever a site can put some; the paths of all pages that show them."""
    said = dict.fromkeys(("location", "notes", "round", "match_type", "league", "division"), HOSTILE)
    teams = {"home_team": HOSTILE, "away_team": f"B {HOSTILE}", "home_team_id": HOSTILE}
    rows = [
        a_match("1", **said, **teams, url="javascript:alert(3)", status="completed", home_score=1, away_score=0),
        a_match(HOSTILE, **said, **teams, timezone=HOSTILE, age_group="U15"),
    ]
    bad = [DeadRow(HOSTILE, HOSTILE, HOSTILE, a_match(HOSTILE, home_team=HOSTILE))]
    store.put(rows, bad=bad)
    store.put([{**row, "location": f"A {HOSTILE}"} for row in rows], day=2)
    official = [{"position": 1, "team": HOSTILE, "team_id": HOSTILE, "played": 9, "points": 3}]
    batch = BatchOf(uuid4(), store.run_id, "mlsnext", "table", DAY.format(3))
    tables = [{"division": HOSTILE, "age_group": age, "rows": official} for age in ("U14", "U15")]
    store_tables(store.pool, batch, "2026-27", HOSTILE, tables)
    with psycopg.connect(store.owner_url) as connection:
        connection.execute(
            "UPDATE touchline.run_accounts SET state = 'failed', started_at = now(), finished_at = now(), "
            "error = %s, params = jsonb_build_object('team', %s::text) WHERE run_id = %s",
            (HOSTILE, HOSTILE, store.run_id),
        )
    (letter,) = letters(store)
    pages = ["/", "/runs", f"/runs/{store.run_id}", "/matches", "/tables", "/changes", "/dead-letters"]
    return [*pages, f"/dead-letters/{letter['dead_id']}"]


def test_what_a_site_says_is_text_on_every_page(page: Page, console: Console, store: Store) -> None:
    """Nothing of it runs, is loaded, leads anywhere or turns the words around it; the browser has nothing to refuse."""
    paths = _hostile(store)
    sign_in(page, console)
    page.goto(f"{console.url}/matches")
    links = [link.get_attribute("href") for link in page.locator('a[href^="/matches/mlsnext/"]').all()]
    assert len(links) == 2
    page.goto(f"{console.url}/tables")
    links += [link.get_attribute("href") for link in page.locator('a[href^="/tables/one"]').all()]
    assert len(links) == 4
    for path in [*paths, *map(str, links)]:
        page.goto(console.url + path)
        for details in page.locator("details").all():
            details.evaluate("each => { each.open = true }")
        assert "<script>alert(1)</script>" in page.locator("body").inner_text(), path
        assert "{{ 7 * 7 }}" in page.locator("body").inner_text(), path
        assert page.locator("script:not([src])").count() == 0, path
        assert page.locator("img[onerror], a[href^='javascript:']").count() == 0, path
        assert page.evaluate(_TURNING) == [], path


@pytest.mark.parametrize("path", ["/matches", "/tables", "/changes", "/dead-letters", "/runs"])
def test_what_is_asked_for_is_text_too(page: Page, console: Console, path: str) -> None:
    names = ("team", "division", "reason", "source", "queue")
    query = "&".join(f"{name}={quote(HOSTILE, safe='')}" for name in names)
    page.goto(f"{console.url}{path}?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("script:not([src]), img[onerror]").count() == 0
