"""Every page in a real Chromium, light and dark, on a phone and on a desk: axe-core finds nothing, nothing overflows.

Whoever adds a page adds it to `PATHS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from actors.store.corrections import correct, take_back
from actors.store.database import connect
from tests.fix_console import Console, MakeConsole

pytestmark = pytest.mark.slow

STORED = Path(__file__).parents[1] / "integration" / "stored.sql"

#: What names a table of it.
TABLE = "source=mlsnext&season=2026-27&league=homegrown&age_group=U14&division=Florida"

#: Over the store of `stored.sql`.
PATHS = (
    "/",
    "/runs",
    "/runs?state=failed",
    "/runs/3f2a0000-0000-4000-8000-000000000001",
    "/runs/3f2b0000-0000-4000-8000-000000000002",
    "/runs/aaaa0000-0000-4000-8000-000000000003",
    "/dead-letters",
    "/dead-letters?state=all",
    "/changes",
    "/matches",
    "/matches?team=nobody",
    "/matches/mlsnext/26030",
    "/tables",
    f"/tables/one?{TABLE}",
    "/sign-in",
    "/nowhere",
)

#: Those with forms for who has signed in, of a match that somebody corrected.
FORMS = ("/dead-letters", "/dead-letters/1", "/matches/mlsnext/26030")

#: Widths and heights: the narrowest phone that is to do, a phone, a desk.
SIZES = ((360, 740), (390, 844), (1280, 800))

_OVERFLOWING = """() => [...document.querySelectorAll("body *")]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".table-box, pre, .skip"))
    .map(each => each.outerHTML.slice(0, 120))"""


@pytest.fixture
def filled(make_console: MakeConsole, store_url: str) -> Console:
    with psycopg.connect(store_url) as connection:
        connection.execute(STORED.read_bytes())
    return make_console()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(browser: Browser, filled: Console, scheme: str) -> None:
    assert not (wrong := _wrong(browser, filled, scheme, PATHS)), "\n".join(wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forms_of_who_acts_are_accessible_and_fit(
    browser: Browser, filled: Console, store_url: str, scheme: str
) -> None:
    with connect(store_url) as connection:
        correct(connection, "mlsnext", "26030", {"home_score": 2}, why="the referee's report", by="Ada")
        correct(connection, "mlsnext", "26030", {"away_score": 1}, why="misread", by="Ada")
        take_back(connection, "mlsnext", "26030", ["away_score"], why="read again", by="Bob")
    cookie = filled.sign_in("A long name of somebody who acts here").cookie
    wrong = _wrong(browser, filled, scheme, FORMS, {"Cookie": cookie})
    assert not wrong, "\n".join(wrong)


def _wrong(
    browser: Browser,
    console: Console,
    scheme: str,
    paths: Iterable[str],
    headers: dict[str, str] | None = None,
) -> list[str]:
    """All that is wrong with these pages, at each size; what can be opened is open."""
    wrong: list[str] = []
    for width, height in SIZES:
        with browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            extra_http_headers=headers,
        ) as context:
            # axe is put into the page as a script, which the page itself would not let run
            page = context.new_page()
            for path in paths:
                page.goto(console.url + path)
                page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
                wrong += [f"{path} at {width}: {each}" for each in _violations(page)]
                wrong += [f"{path} at {width} overflows: {each}" for each in page.evaluate(_OVERFLOWING)]
    return wrong


def _violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {json.dumps([node['html'][:200] for node in each['nodes']])}" for each in found]


def test_a_keyboard_reaches_everything_and_sees_where_it_is(browser: Browser, filled: Console) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{filled.url}/runs")
        seen: list[str] = []
        for _ in range(40):
            page.keyboard.press("Tab")
            here = page.evaluate(
                "() => { const at = document.activeElement; const style = getComputedStyle(at);"
                " return [at.tagName, at.textContent.trim().slice(0, 30),"
                " at === document.body || style.outlineStyle !== 'none'] }"
            )
            assert here[2], here
            seen.append(f"{here[0]} {here[1]}")
        assert seen[0] == "A To the content"
        assert {"A Overview", "A Changes", "A Sign in", "BUTTON Show"} <= set(seen)
        assert any(each.startswith("SELECT") for each in seen)
        page.keyboard.press("Home")
        page.goto(f"{filled.url}/runs")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_nothing_is_missing_without_scripts(browser: Browser, filled: Console) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{filled.url}/runs")
        page.get_by_label("State").select_option("suspect")
        page.get_by_role("button", name="Show").click()
        assert page.get_by_role("row").count() == 2
        page.get_by_role("link", name="mlsnext").click()
        assert "found 4 where the last good run found 400" in page.inner_text("main")
