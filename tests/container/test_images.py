"""The Dockerfiles and what goes into an image. They are really built, and run, by `make images-check`."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.container.composing import ROOT

DOCKERFILES = sorted((ROOT / "container").glob("*.Dockerfile"))
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_a_dockerfile_passes_the_linter(dockerfile: Path) -> None:
    """Nothing is switched off but what the line before it explains, and of that only the one rule."""
    done = subprocess.run(
        [HADOLINT, "--failure-threshold", "style", "--config", "/dev/null", dockerfile], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = dockerfile.read_text().splitlines()
    ignored = [(lines[number - 1], line) for number, line in enumerate(lines) if "hadolint ignore" in line]
    assert {line for _, line in ignored} == {"# hadolint ignore=DL3008"}
    assert all(before.startswith("# ") for before, _ in ignored)


def test_there_are_two_images() -> None:
    assert [path.stem for path in DOCKERFILES] == ["actors", "ingest"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_a_dockerfile_needs_no_shell_to_run_and_nobody_to_be_root(dockerfile: Path) -> None:
    instructions = dict(
        re.findall(r"^(ENTRYPOINT|CMD|HEALTHCHECK|USER|STOPSIGNAL) (.+)$", dockerfile.read_text(), re.M)
    )
    assert instructions["ENTRYPOINT"].startswith("[")
    assert instructions["CMD"].startswith("[")
    assert " CMD [" in instructions["HEALTHCHECK"]
    assert instructions["USER"] == "10001:10001"
    assert instructions["STOPSIGNAL"] == "SIGTERM"


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_a_dockerfile_takes_its_packages_from_the_hashed_locks(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    locks = re.findall(r"--requirement requirements/(\w+)\.txt", text)
    assert locks == ["build", *(["actors", "ingest", "browser"] if dockerfile.stem == "ingest" else ["console"])]
    # what has no lock is of this repository, and no index is asked for it
    commands = re.split(r"&&|\n", text.replace("\\\n", ""))
    installs = [line for line in commands if re.search(r"/pip .*(install|wheel) ", line)]
    assert len(installs) == 4
    assert all("--require-hashes" in install or "--no-index" in install for install in installs)


def test_both_stand_on_the_same_base_and_have_this_version() -> None:
    texts = [path.read_text() for path in DOCKERFILES]
    assert len({re.search(r"^ARG BASE=debian:\d+\.\d+-slim$", text, re.M)[0] for text in texts}) == 1  # type: ignore[index]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert all(f"\nARG VERSION={version}\n" in text for text in texts)


def test_what_both_do_they_do_alike() -> None:
    """ingest is actors, its own packages, the two other locks, and tini: a change to one is one to both."""
    actors, ingest = (path.read_text() for path in DOCKERFILES)
    assert sorted(set(_settings(actors)) ^ set(_settings(ingest))) == ["TOUCHLINE_CHROMIUM"]
    assert all(_settings(actors)[name] == _settings(ingest)[name] for name in _settings(actors))


def _settings(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(?:ENV| {3}) ([A-Z_]+)=(\S+)", text, re.M))


def test_secrets_and_history_do_not_go_into_a_build() -> None:
    """Everything is left out but what is named, so that what comes later is left out, too."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    named = {line.removeprefix("!") for line in lines[1:] if line.startswith("!")}
    assert named == {
        "LICENSE", "README.md", "pyproject.toml", "requirements", "contract", "actors", "ingest", "touchline",
        "container/entrypoint.py",
    }  # fmt: skip
    assert all((ROOT / name).exists() for name in named)
