"""A look at the demo's site with a real browser, as a visitor has it: past the consent banner, into the viewer."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contract.errors import TouchlineError

if TYPE_CHECKING:
    from contract.settings import Settings

_PAGE: Final = "/mlsnext/standings/homegrown_division/"
#: Milliseconds for each step.
_LIMIT: Final = 15_000


class Look:
    """Opens the site in the background and takes a picture of it; `sentence` says how that went.

    It runs beside the demo and holds nothing up: without a Chromium there is a sentence and no picture.
    """

    def __init__(self, settings: Settings, url: str, picture: Path) -> None:
        self._settings = settings
        self._url = url
        self._picture = picture
        self._sentence = ""
        # Playwright's objects belong to the thread that made them
        self._thread = threading.Thread(target=self._look, name="demo-browser", daemon=True)
        self._thread.start()

    def sentence(self) -> str:
        """What was seen, once it was."""
        self._thread.join()
        return self._sentence

    def _look(self) -> None:
        from ingest.browser import open_browser

        try:
            with open_browser(self._settings) as browser:
                from playwright.sync_api import Error

                try:
                    page = browser.new_page(viewport={"width": 1100, "height": 800})
                    page.set_default_timeout(_LIMIT)
                    page.goto(self._url + _PAGE)
                    page.click("#onetrust-accept-btn-handler")
                    page.locator('main[role="main"] iframe').scroll_into_view_if_needed()
                    page.frame_locator('main[role="main"] iframe').locator("table tbody tr").first.wait_for()
                    page.screenshot(path=self._picture)
                except Error as error:
                    reason = error.message.splitlines()[0]
                    self._sentence = f"Chromium {browser.version} could not read the site's page: {reason}"
                else:
                    self._sentence = f"Chromium {browser.version} has seen the site's page: {self._picture}"
        except TouchlineError as error:
            self._sentence = f"No browser looked at the site ({error}); nothing here needs one"
