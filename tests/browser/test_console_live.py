"""The console in a real Chromium: what changes is seen by itself, and nobody is disturbed by it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fix_console import Console

pytestmark = pytest.mark.slow

#: Milliseconds: a loaded machine may be slow to look.
PATIENCE = 60_000


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        yield page
        assert not wrong


def _run(url: str, state: str, error: str | None = None) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO touchline.run_accounts (run_id, source, started_at, finished_at, state, inserted, error) "
            "VALUES (gen_random_uuid(), 'mlsnext', now(), now(), %s, 12, %s)",
            (state, error),
        )


def test_the_overview_turns_from_well_to_not_well_by_itself(page: Page, console: Console, store_url: str) -> None:
    _run(store_url, "succeeded")
    page.goto(console.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("All is well.")
    _run(store_url, "failed", "the site answers 503")
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "the last run of mlsnext is failed: the site answers 503", timeout=PATIENCE
    )


def test_what_somebody_has_opened_chosen_and_focused_stays_so(page: Page, console: Console, store_url: str) -> None:
    _run(store_url, "succeeded")
    page.goto(console.url)
    page.get_by_text("As a table: how long runs took").click()
    link = page.get_by_role("region", name="How long runs took").get_by_role("link")
    link.focus()
    _run(store_url, "failed")
    expect(page.get_by_role("heading", level=1)).to_contain_text("failed", timeout=PATIENCE)
    expect(page.get_by_role("region", name="How long runs took")).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "A"
    page.goto(f"{console.url}/runs")
    page.get_by_label("State").select_option("succeeded")
    _run(store_url, "suspect")
    expect(page.get_by_text("3 runs on this page")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("State")).to_have_value("succeeded")


def test_a_page_without_anything_live_opens_no_stream(page: Page, console: Console) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{console.url}/sign-in", wait_until="networkidle")
    assert not [url for url in asked if url.endswith("/live")]
