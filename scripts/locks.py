"""The hashed locks in requirements/: made from pyproject.toml by uv, and checked to be in step with it.

One an extra, each complete by itself, so that a place installs exactly what it needs with uv or with plain pip. They
name no index. `check.txt` is the superset: it is resolved first, and the others take their versions from it, so that
all of them agree. A fingerprint of what pyproject.toml asks for stands in each lock: whether they are in step can be
seen without a network.

    python3 scripts/locks.py check                  exit 1 and a sentence if a lock is out of step
    python3 scripts/locks.py compile [--upgrade]    make them again (needs a package index)
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "requirements"

#: What each lock holds, in the words of `uv pip compile`; the superset comes first.
LOCKS: dict[str, list[str]] = {
    "check": ["--extra", "demo", "--group", "test", "--group", "check"],
    "bench": ["--extra", "demo", "--group", "test", "--group", "bench"],
    "test": ["--extra", "demo", "--group", "test"],
    "demo": ["--extra", "demo"],
    "actors": ["--extra", "actors"],
    "ingest": ["--extra", "ingest"],
    "browser": ["--extra", "browser"],
    "embedded": ["--extra", "embedded"],
    "console": ["--extra", "console"],
    "base": [],
}
#: What builds the project itself: the build backend, for `pip install --no-build-isolation`.
BUILD = "build"

_OPTIONS = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
_OPTIONS += ["--no-emit-find-links", "--quiet"]


def fingerprint() -> str:
    """A hash over all that pyproject.toml asks for, whatever its order and comments."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["project"]
    asked = {
        "build": pyproject["build-system"]["requires"],
        "python": project["requires-python"],
        "base": project["dependencies"],
        "extras": project["optional-dependencies"],
        "groups": pyproject["dependency-groups"],
        "locks": LOCKS,
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def out_of_step() -> list[str]:
    """The locks that are missing or were not made from this pyproject.toml."""
    line = _fingerprint_line()
    return [
        name
        for name in (*LOCKS, BUILD)
        if not (path := DIRECTORY / f"{name}.txt").is_file() or line not in path.read_text(encoding="utf-8")
    ]


def compile_all(*, upgrade: bool) -> None:
    """Makes all locks; versions that stand in them stay as far as they can, unless `upgrade`."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lowest = pyproject["project"]["requires-python"].removeprefix(">=")
    options = [*_OPTIONS, "--python-version", lowest, *(["--upgrade"] if upgrade else [])]
    DIRECTORY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        uv = _uv(Path(temporary))
        superset = DIRECTORY / f"{next(iter(LOCKS))}.txt"
        for name, contents in LOCKS.items():
            path = DIRECTORY / f"{name}.txt"
            agree = [] if path == superset else ["--constraint", superset.relative_to(ROOT).as_posix()]
            _run(uv, [*options, *contents, *agree, "pyproject.toml"], path, f"what `{name}` needs")
        requires = Path(temporary) / "build.in"
        requires.write_text("\n".join(pyproject["build-system"]["requires"]) + "\n")
        _run(uv, [*options, str(requires)], DIRECTORY / f"{BUILD}.txt", "what builds the project itself")


def _run(uv: str, arguments: list[str], path: Path, holds: str) -> None:
    command = [uv, "pip", "compile", *arguments, "--output-file", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    pins = path.read_text(encoding="utf-8")
    path.write_text(f"# {holds}; made from pyproject.toml by `make locks`\n{_fingerprint_line()}\n{pins}", "utf-8")
    print(f"{path.relative_to(ROOT)}: {pins.count('==')} packages", file=sys.stderr)


def _fingerprint_line() -> str:
    return f"# pyproject.toml: sha256:{fingerprint()}"


def _uv(temporary: Path) -> str:
    """An installed uv, else one for this once."""
    if found := shutil.which("uv"):
        return found
    subprocess.run([sys.executable, "-m", "venv", temporary / "uv"], check=True)
    programs = temporary / "uv" / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return str(programs / "uv")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["check"]:
            if names := out_of_step():
                print(f"not in step with pyproject.toml: {', '.join(names)}; run `make locks`", file=sys.stderr)
                return 1
            return 0
        case ["compile"] | ["compile", "--upgrade"]:
            compile_all(upgrade="--upgrade" in arguments)
            return 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
