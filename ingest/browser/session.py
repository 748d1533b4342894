"""A Chromium: opened headless, or reached where it runs, and closed whatever happens.

Pages that only a browser can read are read with this one. It makes no requests of its own (no updates, no sync, no
safe-browsing lists): what a site sees is what a source asked for. Playwright is imported when a browser is opened.
Its objects belong to the thread that opened them; only `Chromium.kill` may be called from any.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from contract.addresses import origin
from ingest.browser.finding import Remote, choose
from ingest.browser.orphans import Entry, reap
from ingest.browser.processes import Process, children_with, end
from ingest.errors import BrowserFailed, BrowserMissing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

    from contract.settings import Settings

log = structlog.get_logger()

_ARGUMENTS: Final = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

#: Seconds until a browser that does not come up, or a page that does not open, is given up.
LAUNCH_LIMIT: Final = 30.0
PAGE_LIMIT: Final = 15.0

#: Seconds that a browser gets to close before it is killed.
_CLOSE_LIMIT: Final = 5.0

#: What Chromium says where neither user namespaces nor its setuid helper are to be had.
_NO_SANDBOX: Final = re.compile(r"no usable sandbox|setuid_sandbox|zygote_host_impl", re.IGNORECASE)

#: The longest path, in bytes, of a directory that it may put a socket into (`org.chromium.Chromium.XXXXXX/
#: SingletonSocket`): sun_path is 108 long on Linux and 104 on BSD and macOS, NUL included.
_LONGEST_FILES: Final = 103 - 45

#: What Playwright's driver is started with.
_DRIVER: Final = "run-driver"


class Hung(BrowserFailed):
    """The browser was killed because it did not answer in time."""


class Chromium:
    """One browser and the driver between it and us. `open` and `close` belong to one thread."""

    def __init__(self, settings: Settings) -> None:
        """Raises BrowserMissing, BrowserOff."""
        self._settings = settings
        self._where = choose(settings)
        self._stack = ExitStack()
        self._entry: Entry | None = None
        self._drivers: list[Process] = []
        #: Whether it was killed, or is not to be trusted with another page.
        self.worn = False
        #: How it introduces itself to sites.
        self.user_agent = ""

    @property
    def shown(self) -> str:
        """Its path, or the host where it runs."""
        return self._where.shown if isinstance(self._where, Remote) else str(self._where)

    def open(self) -> Browser:
        """Raises BrowserMissing where Playwright is not installed, BrowserFailed where it does not come up."""
        try:
            from playwright.sync_api import Error, sync_playwright
        except ImportError:
            raise BrowserMissing(
                "Playwright, which drives the browser, is not installed", hint="pip install 'touchline[browser]'"
            ) from None
        reap(self._settings.home)
        try:
            before = {process.pid for process in children_with(_DRIVER)}
            playwright = self._stack.enter_context(sync_playwright())
            self._drivers = [process for process in children_with(_DRIVER) if process.pid not in before]
            browser = self._opened(playwright)
            self._stack.callback(browser.close)
            session = browser.new_browser_cdp_session()
            self.user_agent = session.send("Browser.getVersion")["userAgent"]
            session.detach()
        except Error as error:
            self.close()
            raise BrowserFailed(
                f"{self.shown} does not open: {without_addresses(first_line(error.message))}", hint=self._hint()
            ) from None
        except BaseException:
            self.close()
            raise
        return browser

    def close(self) -> None:
        """Close browser and driver, by force where they do not; remove what they had on disk."""
        from playwright.sync_api import Error

        force = threading.Timer(_CLOSE_LIMIT, self.kill, kwargs={"driver": True})
        force.daemon = True
        force.start()
        try:
            self._stack.close()
        except Error as error:
            log.debug("browser_not_closed", reason=first_line(error.message))
        finally:
            force.cancel()
            if self._entry is not None:
                self._entry.remove()

    def kill(self, *, driver: bool = False) -> None:
        """End the browser at once: whatever waits for it raises. From any thread; `close` is still wanted.

        One that runs elsewhere is let go by ending our `driver`, which ends all contexts that we had there.
        """
        self.worn = True
        if self._entry is not None:
            self._entry.end()
        if driver or self._entry is None:
            for process in self._drivers:
                end(process)

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Bounds calls for which Playwright has no time limit of its own: after it the browser is killed.

        Raises Hung then.
        """
        over = threading.Event()

        def strike() -> None:
            over.set()
            self.kill()

        timer = threading.Timer(seconds, strike)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception as error:
            if over.is_set():
                raise Hung(
                    f"the browser hangs: no answer within {seconds:g} s",
                    hint="it was ended and another one will be started; does the page open in a browser by hand?",
                ) from error
            raise
        finally:
            timer.cancel()

    def _opened(self, playwright: Playwright) -> Browser:
        if isinstance(self._where, Remote):
            if self._where.devtools:
                return playwright.chromium.connect_over_cdp(
                    self._where.address, headers=self._where.headers, timeout=LAUNCH_LIMIT * 1000
                )
            return playwright.chromium.connect(
                self._where.address, headers=self._where.headers, timeout=LAUNCH_LIMIT * 1000
            )
        try:
            self._entry = Entry.make(self._settings.home)
        except OSError as error:
            # nothing depends on it but what is left after a SIGKILL
            log.warning("browser_not_registered", reason=error.strerror or str(error))
        browser = self._launched(playwright, self._where)
        if self._entry is not None:
            self._entry.started()
        return browser

    def _launched(self, playwright: Playwright, program: Path) -> Browser:
        from playwright.sync_api import Error

        # as root Chromium has no sandbox, and refuses to run with one
        sandbox = os.geteuid() != 0
        try:
            return self._launch(playwright, program, sandbox=sandbox)
        except Error as error:
            if not sandbox or not _NO_SANDBOX.search(error.message):
                raise
        log.warning("browser_without_sandbox", program=str(program), reason="this system allows no user namespaces")
        return self._launch(playwright, program, sandbox=False)

    def _launch(self, playwright: Playwright, program: Path, *, sandbox: bool) -> Browser:
        return playwright.chromium.launch(
            executable_path=program,
            headless=True,
            args=[*_ARGUMENTS, *([self._entry.argument] if self._entry else [])],
            artifacts_dir=self._entry.files if self._entry else None,
            chromium_sandbox=sandbox,
            env=self._environment(),
            # Ctrl-C and SIGTERM are ours: we close what we opened
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            timeout=LAUNCH_LIMIT * 1000,
        )

    def _environment(self) -> dict[str, str | float | bool]:
        environment: dict[str, str | float | bool] = dict(without_secrets(os.environ))
        if self._entry is not None and len(os.fsencode(self._entry.files)) <= _LONGEST_FILES:
            environment["TMPDIR"] = str(self._entry.files)
        return environment

    def _hint(self) -> str:
        if isinstance(self._where, Remote):
            speaks = "a browser with --remote-debugging-port" if self._where.devtools else "a Playwright server"
            return f"does {speaks} listen there, and may this machine reach it? TOUCHLINE_CHROMIUM names it"
        return "run it by hand with --headless to see why, or name another one in TOUCHLINE_CHROMIUM"


@contextmanager
def open_browser(settings: Settings) -> Iterator[Browser]:
    """A headless Chromium for as long as the block lasts. Raises BrowserMissing or BrowserFailed."""
    chromium = Chromium(settings)
    browser = chromium.open()
    try:
        yield browser
    finally:
        chromium.close()


def check(settings: Settings) -> str:
    """Open a page, and say which browser did it: `Chromium 141.0.7390.54 (/usr/bin/chromium)`.

    Raises BrowserMissing, BrowserOff or BrowserFailed.
    """
    chromium = Chromium(settings)
    browser = chromium.open()
    try:
        from playwright.sync_api import Error

        named = f"Chromium {browser.version} ({chromium.shown})"
        try:
            with chromium.limited(PAGE_LIMIT):
                page = browser.new_page()
                page.set_default_timeout(PAGE_LIMIT * 1000)
                page.set_content(_PROOF)
                title = page.title()
        except Error as error:
            raise BrowserFailed(
                f"{named} opens no page: {without_addresses(first_line(error.message))}",
                hint="is there memory left, and room in /dev/shm and /tmp?",
            ) from None
        if title != "touchline 120":
            raise BrowserFailed(
                f"{named} does not draw the page that it was given", hint="is it a Chromium? name another one"
            )
        return named
    finally:
        chromium.close()


#: Its title is right where a script has run and the page was laid out.
_PROOF: Final = """
<title>touchline</title><div style="width: 40px; float: left"><p style="margin: 0 0 0 300%">_</p></div>
<script>document.title += " " + (document.querySelector("p").getBoundingClientRect().left - 8)</script>
"""


def first_line(message: str) -> str:
    """Playwright adds the whole command line and its log: the first line says what happened."""
    return message.strip().split("\n", 1)[0]


def without_addresses(text: str) -> str:
    """`text` with no more than scheme and host of each address: where a browser runs may be a secret."""
    return re.sub(r"\w+://[^\s,;)\"']+", lambda address: origin(address[0]), text)


def without_secrets(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a browser gets of the environment: it has no use for the addresses and passwords that we work with."""
    for name, value in environment.items():
        secret = name in ("DATABASE_URL", "RABBITMQ_URL", "TOUCHLINE_CHROMIUM") or (
            name.startswith("TOUCHLINE_") and name.endswith(("_URL", "_SECRET"))
        )
        if not secret:
            yield name, value
