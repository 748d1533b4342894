"""Runs the whole suite as two pytest processes side by side, each with servers of its own: most of it waits.

`python scripts/tests.py`: those that kill and cut things (`APART`) beside all others; what the former print comes when
they are done. With arguments it is one pytest with these.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: A little less than half of the time; what is new is among the others.
APART = ("tests/chaos", "tests/conformance", "tests/regressions")

_PYTEST = (sys.executable, "-m", "pytest")

#: What pytest ends with where no test was selected.
_NONE = 5


def main(arguments: list[str]) -> int:
    if arguments:
        return subprocess.call([*_PYTEST, *arguments], cwd=ROOT)
    with tempfile.TemporaryFile() as output:
        apart = subprocess.Popen(
            [*_PYTEST, *APART, "-o", "cache_dir=.pytest_cache/apart"], cwd=ROOT, stdout=output, stderr=output
        )
        try:
            code = subprocess.call([*_PYTEST, *(f"--ignore={folder}" for folder in APART)], cwd=ROOT)
            apart.wait()
        except BaseException:
            apart.terminate()
            apart.wait()
            raise
        output.seek(0)
        print(f"\n{', '.join(APART)}, which ran beside these:\n", flush=True)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return code or (0 if apart.returncode == _NONE else apart.returncode)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
