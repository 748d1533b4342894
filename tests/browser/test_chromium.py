"""Finding a Chromium, opening it, and saying what is wrong where that does not work."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from contract.settings import Settings
from ingest.browser import BrowserFailed, BrowserMissing, check, find_chromium, open_browser


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; the directory is Playwright's, and on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def program(path: Path) -> Path:
    """A file that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return path


def test_without_a_browser_there_is_none(nowhere: Path) -> None:
    """Finding says None; opening says what to install."""
    assert find_chromium(Settings()) is None
    with pytest.raises(BrowserMissing, match="no Chromium was found") as caught, open_browser(Settings()):
        pass
    assert "apt-get install chromium" in caught.value.hint


def test_the_setting_goes_first(nowhere: Path) -> None:
    """Before Playwright's own and the system's."""
    program(nowhere / "chromium")
    program(nowhere / "chromium-1200" / "chrome-linux" / "chrome")
    named = program(nowhere / "mine" / "browser")
    assert find_chromium(Settings(chromium=named)) == named


def test_a_setting_that_names_no_program_is_an_error(nowhere: Path) -> None:
    """It is not passed over in silence: somebody meant it."""
    program(nowhere / "chromium")
    (nowhere / "notes.txt").write_text("not a program")
    for name in ("notes.txt", "missing", "."):
        with pytest.raises(BrowserMissing, match=r"names .* which is not a program"):
            find_chromium(Settings(chromium=nowhere / name))


def test_playwrights_own_goes_before_the_systems(nowhere: Path) -> None:
    """The highest revision, as a number; a whole Chromium before a headless shell."""
    system = program(nowhere / "chromium")
    assert find_chromium(Settings()) == system
    shell = program(nowhere / "chromium_headless_shell-2000" / "chrome-linux" / "headless_shell")
    assert find_chromium(Settings()) == shell
    program(nowhere / "chromium-999" / "chrome-linux" / "chrome")
    newest = program(nowhere / "chromium-1200" / "chrome-linux" / "chrome")
    assert find_chromium(Settings()) == newest


def test_a_program_that_is_no_browser_is_named(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, with the next step."""
    monkeypatch.undo()  # Playwright's driver needs the real PATH
    with pytest.raises(BrowserFailed) as caught:
        check(Settings(chromium=program(nowhere / "chromium")))
    assert str(nowhere / "chromium") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "TOUCHLINE_CHROMIUM" in caught.value.hint


class TestOpened:
    """With the Chromium of this machine."""

    pytestmark = pytest.mark.slow

    def test_check_says_which_browser_works(self, chromium_settings: Settings) -> None:
        """Name, version and place of the one that opened a page."""
        sentence = check(chromium_settings)
        assert sentence.startswith("Chromium ")
        assert sentence.endswith(f"({find_chromium(chromium_settings)})")

    def test_an_error_in_the_block_closes_the_browser(self, chromium_settings: Settings) -> None:
        """No process of it stays, and no file in the home."""
        # the servers of other tests are children of this process, too
        before = set(psutil.Process().children(recursive=True))
        started: list[psutil.Process] = []

        def fail_in_the_block() -> None:
            with open_browser(chromium_settings):
                started.extend(set(psutil.Process().children(recursive=True)) - before)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_in_the_block()
        assert len(started) >= 2  # the driver and the browser
        _, alive = psutil.wait_procs(started, timeout=10)
        assert alive == []

    def test_it_is_given_no_password_of_ours(
        self, chromium_settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A page has no business with the database's address, and so the browser has none either."""
        monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter22@db/league")
        monkeypatch.setenv("TOUCHLINE_WEBHOOK_SECRET", "whsec_hunter22")
        before = {process.pid for process in psutil.process_iter()}
        with open_browser(chromium_settings):
            browsers = [
                process
                for process in psutil.process_iter(["pid", "cmdline"])
                if process.pid not in before and "--headless" in (process.info["cmdline"] or [])
            ]
            assert browsers
            assert not [each for process in browsers for each in process.environ().values() if "hunter22" in each]

    @pytest.mark.parametrize("namespaces", [True, False])
    def test_its_sandbox_is_on_where_the_system_allows_one(
        self, chromium_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, namespaces: bool
    ) -> None:
        """For an ordinary user; without user namespaces Chromium says so, and is started again without a sandbox."""
        log = tmp_path / "log"
        wrapper = program(tmp_path / "chromium")
        refused = ":" if namespaces else "echo 'zygote_host_impl_linux.cc: No usable sandbox!' >&2; exit 1"
        # the tests may run as root, and as root Chromium takes no sandbox: this one only looks as if it had it
        wrapper.write_text(f"""#!/bin/sh
            case " $* " in
                *" --no-sandbox "*) echo without >>{log};;
                *) echo with >>{log}; {refused};;
            esac
            exec {find_chromium(chromium_settings)} "$@" --no-sandbox
        """)
        monkeypatch.setattr("ingest.browser.session.os.geteuid", lambda: 1000)
        settings = chromium_settings.model_copy(update={"chromium": SecretStr(str(wrapper))})
        assert check(settings).startswith("Chromium ")
        assert log.read_text().split() == (["with"] if namespaces else ["with", "without"])
