"""Runs the whole suite as six pytest processes side by side, each with servers of its own: most of it waits.

`python scripts/tests.py`: the groups below beside all others; what those print comes when they are done, one after the
other. With arguments it is one pytest with these.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Those that take longest, each by itself, without what another names. What is new is among the others.
GROUPS = {
    "delivery": ("tests/conformance",),
    "commands": ("tests/acceptance",),
    "servers": ("tests/integration", "tests/observability"),
    "store": (
        "tests/integration/store",
        "tests/regressions",
        "tests/integration/test_notices.py",
        "tests/integration/test_reparse_command.py",
    ),
    "browser": (
        "tests/browser",
        "tests/acceptance/test_demo.py",
        "tests/acceptance/test_modular11.py",
        "tests/acceptance/test_modular11_killed.py",
    ),
}

#: Of the groups above, what runs with all others: so that all six end at about the same time.
WITH_OTHERS = ("tests/acceptance/test_real_sample.py", "tests/acceptance/test_dead_letters.py")

_PYTEST = (sys.executable, "-m", "pytest")

#: What pytest ends with where no test was selected.
_NONE = 5


def main(arguments: list[str]) -> int:
    if arguments:
        return subprocess.call([*_PYTEST, *arguments], cwd=ROOT)
    with ExitStack() as files:
        beside = {}
        for name, folders in GROUPS.items():
            output = files.enter_context(tempfile.TemporaryFile())
            without = [path for other in GROUPS.values() if other != folders for path in other]
            ignored = _ignoring([*without, *WITH_OTHERS])
            command = [*_PYTEST, *folders, *ignored, "-o", f"cache_dir=.pytest_cache/{name}"]
            beside[name] = (subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output), output)
        try:
            named = (path for paths in GROUPS.values() for path in paths)
            code = subprocess.call([*_PYTEST, *_others(), *WITH_OTHERS, *_ignoring(named)], cwd=ROOT)
            for process, _ in beside.values():
                process.wait()
        except BaseException:
            for process, _ in beside.values():
                process.terminate()
            for process, _ in beside.values():
                process.wait()
            raise
        for name, (process, output) in beside.items():
            print(f"\n{', '.join(GROUPS[name])}, which ran beside these:\n", flush=True)
            output.seek(0)
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
            code = code or (0 if process.returncode == _NONE else process.returncode)
    return code


def _others() -> list[str]:
    """The folders that no group names as a whole; "tests" alone would swallow the files that are named beside it."""
    named = {path for paths in GROUPS.values() for path in paths}
    folders = (path.parent.relative_to(ROOT) for path in (ROOT / "tests").glob("*/__init__.py"))
    return sorted(str(folder) for folder in folders if str(folder) not in named)


def _ignoring(paths: Iterable[str]) -> list[str]:
    return [f"--ignore={path}" for path in paths]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
