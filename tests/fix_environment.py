"""The tests see none of the addresses that the person who runs them works with.

Whoever has `DATABASE_URL` of a live system exported runs `make test` without a thought. So the program's variables are
taken out of the environment before the first test is collected (importing the actors already reads them), and whatever
falls back to the default home finds one that does not outlive the session. Nor have they a browser unless they ask for
one (tests.fix_chromium).

Nor do they compile the program anew for each of the hundreds of processes that they start, where whoever runs them has
said that Python shall leave no compiled files beside the sources: those have a place of their own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ADDRESSES = ("DATABASE_URL", "DATABASE_URL_FILE", "RABBITMQ_URL", "RABBITMQ_URL_FILE")
#: What stays: it says how to test, not what to work on.
_KEPT = (
    "TOUCHLINE_TESTS_REQUIRE_RABBITMQ",
    "TOUCHLINE_TESTS_RABBITMQ",
    "TOUCHLINE_TESTS_QUEUE_TYPE",
    "TOUCHLINE_TESTS_LONG",
    "TOUCHLINE_TESTS_ROLE",
)

#: Compiled code, where it may not lie beside the sources; kept for the next time, as pytest keeps its own cache.
_COMPILED = Path(__file__).parents[1] / ".pytest_cache" / "compiled"

#: The one address that is meant for us: a server for tests.
RABBITMQ_URL = os.environ.get("RABBITMQ_URL")

#: The browser that whoever runs the tests has chosen for those that want one; None: the one that is found.
CHROMIUM = os.environ.get("TOUCHLINE_CHROMIUM")

for _variable in list(os.environ):
    if _variable in _ADDRESSES or (_variable.startswith("TOUCHLINE_") and _variable not in _KEPT):
        del os.environ[_variable]

os.environ["TOUCHLINE_CHROMIUM"] = "none"

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(_COMPILED)
    sys.dont_write_bytecode = False


# A shell that starts something in the background has it ignore Ctrl-C, and so would each command that the tests start
# and stop by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def default_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a process that is told no `TOUCHLINE_HOME` keeps its state while the tests run."""
    home = tmp_path_factory.mktemp("home")
    os.environ["TOUCHLINE_HOME"] = str(home)
    yield home
    del os.environ["TOUCHLINE_HOME"]
