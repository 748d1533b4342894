"""A real Chromium for the tests that ask for one; all others run with none, which is quicker and needs less memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract.settings import Settings
from ingest.browser import find_chromium, open_browser
from ingest.browser.shared import close
from tests.fix_environment import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def chromium_settings(default_home: Path, nothing_left_behind: None) -> Iterator[Settings]:
    """Settings with the Chromium of this machine. The browser of this process is closed with the session."""
    settings = Settings(home=default_home, chromium=CHROMIUM or None)
    if find_chromium(settings) is None:
        pytest.skip("no Chromium of this machine was found")
    yield settings
    close()


@pytest.fixture
def chromium(chromium_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Has what this test runs, and the processes that it starts, use that Chromium."""
    if CHROMIUM:
        monkeypatch.setenv("TOUCHLINE_CHROMIUM", CHROMIUM)
    else:
        monkeypatch.delenv("TOUCHLINE_CHROMIUM")
    return chromium_settings


@pytest.fixture(scope="module")
def browser(chromium_settings: Settings) -> Iterator[Browser]:
    """A Chromium for the pages of a module's tests, as a visitor has it; a source's own is another."""
    with open_browser(chromium_settings) as opened:
        yield opened
