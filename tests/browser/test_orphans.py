"""No Chromium outlives the process that opened it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from ingest.browser.orphans import Entry, reap
from tests.browser.conftest import Program
from tests.browser.processes import chromiums, until

pytestmark = pytest.mark.slow


def files_of(process: psutil.Process) -> list[Path]:
    """Its profile, and where it writes everything else."""
    (profile,) = (word.partition("=")[2] for word in process.cmdline() if word.startswith("--user-data-dir="))
    return [Path(profile), Path(process.environ()["TMPDIR"])]


def there(paths: list[Path]) -> list[Path]:
    return [path for path in paths if path.exists()]


def test_a_killed_process_takes_its_browser_along(program: Program, tmp_path: Path) -> None:
    """By the end of the pipes between them; what is left on disk goes with the next start."""
    with program("wait") as process:
        (browser,) = chromiums(process.pid)
        family, files = [browser.parent(), browser, *browser.children(recursive=True)], files_of(browser)
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    assert reap(tmp_path) == 1
    assert there(files) == []
    assert list((tmp_path / "browsers").iterdir()) == []


@pytest.mark.parametrize("driver", [False, True], ids=["process", "process and driver"])
def test_what_a_killed_process_leaves_is_ended(
    program: Program,
    tmp_path: Path,
    driver: bool,
) -> None:
    """A Chromium that hangs does not notice that its pipe is closed: whoever starts the next one ends it."""
    with program("wait") as process:
        (browser,) = chromiums(process.pid)
        family = [browser, *browser.children(recursive=True)]
        files = files_of(browser)
        for each in family:
            each.suspend()
        # lest it removes things when its driver is gone, before it is killed itself
        process.send_signal(signal.SIGSTOP)
        if driver:
            browser.parent().kill()
        process.kill()
        process.wait()
    try:
        assert browser.is_running()
        assert there(files) == files
        with program("leave"):
            _, alive = psutil.wait_procs(family, timeout=10)
            assert alive == []
            until(lambda: not there(files))
        assert list((tmp_path / "browsers").iterdir()) == []
    finally:
        for each in family:
            if each.is_running():
                each.kill()


def test_one_whose_owner_lives_is_left_alone(program: Program, tmp_path: Path) -> None:
    """Whatever others of the same home do."""
    with program("wait") as process:
        (browser,) = chromiums(process.pid)
        assert reap(tmp_path) == 0
        assert browser.is_running()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _says(process: subprocess.Popen[bytes]) -> bool:
    return b"read line" in Path(f"/proc/{process.pid}/cmdline").read_bytes()


def test_no_other_process_is_taken_for_one(tmp_path: Path) -> None:
    """Only a process that bears the token is ended, and only a profile of Playwright's is removed."""
    precious = tmp_path / "precious"
    precious.mkdir()
    entry = Entry.make(tmp_path)
    (entry.directory / "files").write_text(f"{entry.files}\n{precious}\n")
    os.close(entry._lock)  # as the kernel does when the owner ends
    other = re.sub(".$", "x", entry.argument)
    with (
        subprocess.Popen(["sh", "-c", "read line", "sh", other], stdin=subprocess.PIPE) as innocent,
        subprocess.Popen(["sh", "-c", "read line", "sh", entry.argument], stdin=subprocess.PIPE) as orphan,
    ):
        # for a moment after it was started a program has no command line
        until(lambda: all(_says(process) for process in (innocent, orphan)))
        assert reap(tmp_path) == 1
        assert orphan.wait(60) == -signal.SIGKILL
        assert innocent.poll() is None
        innocent.communicate(b"\n", timeout=10)
    assert precious.is_dir()
    assert not entry.directory.exists()
    assert not entry.files.exists()
