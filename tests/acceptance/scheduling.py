"""Schedulers as an operator starts them, and a schedule for them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.conftest import ROOT, Place

#: The program of the environment that the tests run in.
PERIODIQ = str(Path(sys.executable).parent / "periodiq")

#: A slot each minute; `more` are further settings.
MINUTELY = """\
[schedules.each-minute]
cron = "* * * * *"
source = "mlsnext"
season = "2026-27"
{more}
"""


@contextmanager
def scheduler(place: Place, name: str = "scheduler", *before: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """`periodiq actors`, its log in `<home>/<name>.log`; asked to stop at the end, where it still runs.

    `before`: a command that starts it.
    """
    with (place.home / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [*before, PERIODIQ, "actors"],
            env={**place.env, **env},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
