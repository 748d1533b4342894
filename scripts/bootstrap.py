"""Sets everything up from python3 alone, then runs a command in it: what `make demo` and `make test` call.

    python3 scripts/bootstrap.py demo|test|check [-- COMMAND [ARGUMENT...]]

This file only finds a Python that is new enough, so it must still compile on an old one; `environment` does the work.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
#: Tried in this order where the Python that runs this is too old.
NEWER = ("python3.13", "python3.12", "python3.14", "python3.11", "python3")

_PROBE = "import sys; sys.exit(sys.version_info < (3, 11))"
_TOO_OLD = """\
touchline: needs Python 3.11 or newer; {} is {}.{}, and no newer one is on the PATH.
  Do one of: apt-get install python3.11 python3.11-venv (where your Debian or Ubuntu has it); uv python install 3.13;
  brew install python@3.13; or say where one is: make ... PYTHON=/path/to/python3.13"""


def newer_python() -> str | None:
    """The path of a Python that is new enough, or None. A pyenv shim may be there and lead nowhere, hence the probe."""
    candidates = [shutil.which(name) for name in NEWER]
    uv = shutil.which("uv")
    if uv:
        found = subprocess.run([uv, "python", "find", ">=3.11"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        candidates.append(found.stdout.decode().strip())
    for path in candidates:
        if path and not subprocess.call([path, "-c", _PROBE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            return path
    return None


def main() -> int:
    if sys.version_info >= OLDEST:
        import environment

        return environment.main(sys.argv[1:])
    path = newer_python()
    if path is None:
        print(_TOO_OLD.format(sys.executable, *sys.version_info[:2]), file=sys.stderr)
        return 2
    return os.execv(path, [path] + sys.argv)  # noqa: RUF005 - for an old Python, too


if __name__ == "__main__":
    sys.exit(main())
