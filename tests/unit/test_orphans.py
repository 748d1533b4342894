"""A process whose parent is gone is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")

_TIED = "import sys; from contract.orphans import stop_with_parent; stop_with_parent(int(sys.argv[1])); "


def test_a_parent_that_ended_before_is_noticed() -> None:
    """The kernel tells of ends that come; one that came before is found by looking."""
    done = subprocess.run([sys.executable, "-c", _TIED + "print('goes on')", "-1"], capture_output=True, check=False)
    assert done.returncode == -signal.SIGTERM
    assert done.stdout == b""


def test_with_its_parent_a_process_goes_on() -> None:
    """Nothing happens to it."""
    done = subprocess.run([sys.executable, "-c", _TIED + "print('goes on')", str(os.getpid())], capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"goes on\n")


def test_the_end_of_the_parent_is_a_sigterm() -> None:
    """Also one by SIGKILL: the child reports that it was asked to stop."""
    child = (
        "import os, signal, sys; from contract.orphans import stop_with_parent; "
        "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'asked'), os._exit(0))); "
        "stop_with_parent(os.getppid()); os.write(1, b'ready '); signal.pause()"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(6) == b"ready "
        process.kill()
        assert process.stdout.read() == b"asked"
