"""The repository keeps its own rules."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

#: The longest file of Python; what is longer holds more than one idea.
MOST_LINES = 400

# Put together, so that this file does not name them itself.
REGISTRIES = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".", "deb.debian" + ".org", "crates" + ".io"]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/.", "/opt/py" + "pi", "/opt/whe" + "els"]


def tracked_files() -> list[Path]:
    """All files that are or could be committed; of an unpacked archive, all that no tool has made."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(command, cwd=ROOT, capture_output=True)
        if listed.returncode == 0:
            return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    made = re.compile(r"(^|/)(\.venv|\.git|build|dist|__pycache__|\.\w+_cache|\.hypothesis|[\w-]+\.egg-info)(/|$)")
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in files if not made.search(path.relative_to(ROOT).as_posix())]


def pins(lock: Path) -> dict[str, str]:
    """Version by package."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def test_locks_are_in_step_with_pyproject() -> None:
    """Whoever changes what pyproject.toml asks for runs `make locks`."""
    done = subprocess.run([sys.executable, ROOT / "scripts" / "locks.py", "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_is_pins_with_hashes_and_nothing_else(lock: Path) -> None:
    """No index, no link, no path: a lock installs from wherever the person's tools look."""
    pin = r"[a-z0-9-]+==[^\s;]+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+"
    assert re.fullmatch(rf"(#.*\n)*({pin})+", lock.read_text())


def test_locks_agree_with_each_other() -> None:
    """A package has the same version in every lock, so that one environment can hold several extras.

    The yardsticks of `bench` are in its own lock alone.
    """
    superset = pins(ROOT / "requirements" / "check.txt")
    for lock in LOCKS:
        pinned = pins(lock)
        if lock.stem == "bench":
            pinned = {name: version for name, version in pinned.items() if name in superset}
        if lock.stem != "build":
            assert pinned.items() <= superset.items(), lock.name


def test_the_storing_side_installs_without_a_browser() -> None:
    """Playwright is a few hundred megabytes that a worker has no use for."""
    assert "playwright" not in pins(ROOT / "requirements" / "actors.txt")
    assert "playwright" in pins(ROOT / "requirements" / "browser.txt")


@pytest.mark.parametrize("text", REGISTRIES + MACHINE_PATHS)
def test_no_file_names_a_registry_or_a_path_of_somebodys_machine(text: str) -> None:
    """A checkout works wherever it lies and whatever index its user has."""
    assert [str(path.relative_to(ROOT)) for path in tracked_files() if text.encode() in path.read_bytes()] == []


def test_no_module_outgrows_one_idea() -> None:
    """Python files stay under the length at which one can still be read in a sitting."""
    lengths = {path: len(path.read_bytes().splitlines()) for path in tracked_files() if path.suffix == ".py"}
    assert {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_bare_make_explains_each_target() -> None:
    """Nobody needs to read the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    targets = set(phony[1].split()) - {"help"}
    explained = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"demo", "test", "check", "bench"} <= targets
    assert targets == set(re.findall(r"^  make (\S+) +\S", explained.stdout, re.MULTILINE))


def test_the_set_up_still_compiles_on_an_old_python() -> None:
    """It has to say that the Python is too old, and can only do so if that Python can read it."""
    ast.parse((ROOT / "scripts" / "bootstrap.py").read_text(), feature_version=(3, 7))


def test_what_lands_has_passed_the_checks_and_the_tests_of_the_readme() -> None:
    """.ci/run runs `make check` and the very command that the README gives for the tests."""
    commands = (ROOT / ".ci" / "run").read_text().splitlines()
    assert {"make check", "make test"} <= set(commands)
    assert re.search(r"^ +make test\b", (ROOT / "README.md").read_text(), re.MULTILINE)


DOCUMENTS = sorted(path for path in tracked_files() if path.suffix == ".md")

_FENCED = re.compile(r"```.*?```", re.DOTALL)


def headings(document: Path) -> set[str]:
    """What a link may name after `#`, by GitHub's rule: letters, digits, hyphens, and spaces as hyphens."""
    lines = _FENCED.sub("", document.read_text()).splitlines()
    titles = (line.lstrip("#").strip().lower() for line in lines if line.startswith("#"))
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles)
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """Each file is there, and has the heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", _FENCED.sub("", document.read_text())):
        if re.match(r"\w+:", link):
            continue
        name, _, heading = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not heading or target.suffix != ".md" or heading in headings(target), link
