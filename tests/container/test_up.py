"""`make up`, all of it but Docker: in its place is a program that writes down how it was called, and answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.container.composing import ROOT

#: A worker's container takes a moment; then a run begins, is seen half-way, and ends.
_RUN = {"run_id": "3f2a0000-0000", "state": "running", "found": 900, "inserted": 400, "updated": 0, "unchanged": 0}
_DONE = _RUN | {"state": "succeeded", "found": 1478, "inserted": 1478}

_DOCKER = """#!{python} -IS
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
arguments = sys.argv[1:]
names = ("TOUCHLINE_CONFIG_FILE", "TOUCHLINE_MLSNEXT_URL", "TOUCHLINE_REVISION")
with open(os.path.join(here, "calls"), "a") as calls:
    calls.write(json.dumps([arguments, {{name: os.environ[name] for name in names if name in os.environ}}]) + "\\n")
answers = json.load(open(os.path.join(here, "answers")))
for word in arguments:
    if word in answers:
        # the last one stands
        code, text = answers[word].pop(0) if len(answers[word]) > 1 else answers[word][0]
        json.dump(answers, open(os.path.join(here, "answers"), "w"))
        (sys.stderr if code else sys.stdout).write(text)
        sys.exit(code)
"""


@dataclass
class Docker:
    """What it answers, by a word among its arguments: exit code and text, one after the other."""

    directory: Path
    answers: dict[str, list[tuple[int, str]]] = field(
        default_factory=lambda: {"version": [(0, "v2.40\n")], "info": [(0, "28.2.2\n")]}
    )

    @property
    def calls(self) -> list[tuple[list[str], dict[str, str]]]:
        path = self.directory / "calls"
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def composed(self) -> list[list[str]]:
        """Its calls of `docker compose`, but for the question for its version."""
        return [call[1:] for call, _ in self.calls if call[0] == "compose" and call[1] != "version"]


@dataclass
class Clone:
    """A clone of the repository with what `make up` needs of it."""

    directory: Path
    docker: Docker

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        (self.docker.directory / "answers").write_text(json.dumps(self.docker.answers))
        return subprocess.run(
            [sys.executable, "-S", self.directory / "scripts" / "up.py", *arguments],
            env={"PATH": f"{self.docker.directory}{os.pathsep}/nowhere", "HOME": str(self.directory)},
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    for name in (
        "scripts/up.py",
        "scripts/secret_files.py",
        "scripts/rabbitmq_users.py",
        "container/rabbitmq/users.json",
    ):
        (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "clone" / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker").write_text(_DOCKER.format(python=sys.executable))
    (programs / "docker").chmod(0o755)
    return Clone(tmp_path / "clone", Docker(programs))


def lines(*rows: dict[str, Any]) -> tuple[int, str]:
    return 0, "".join(json.dumps(row) + "\n" for row in rows)


def test_it_writes_the_secrets_builds_and_starts(clone: Clone) -> None:
    """And says where to look; stdout has nothing but that."""
    done = clone.up()
    assert done.returncode == 0, done.stderr
    assert clone.docker.composed == [["build"], ["up", "--detach"]]
    assert (clone.directory / "secrets" / "postgres_password").is_file()
    assert "docker compose run --rm cli runs" in done.stdout
    assert all(variables == {"TOUCHLINE_REVISION": "unknown"} for call, variables in clone.docker.calls if "up" in call)


def test_no_password_is_printed_or_passed_on(clone: Clone) -> None:
    done = clone.up("--observability")
    seen = done.stdout + done.stderr + json.dumps(clone.docker.calls)
    secrets = [path.read_text() for path in (clone.directory / "secrets").iterdir()]
    assert len(secrets) == 14
    assert not any(secret in seen for secret in secrets)


def test_a_second_time_the_secrets_stay(clone: Clone) -> None:
    clone.up()
    before = {path.name: path.read_text() for path in (clone.directory / "secrets").iterdir()}
    assert clone.up("--no-build").returncode == 0
    assert {path.name: path.read_text() for path in (clone.directory / "secrets").iterdir()} == before
    assert clone.docker.composed[2:] == [["up", "--detach"]]


def test_what_it_does_not_know_goes_to_compose(clone: Clone) -> None:
    """After the command, as what follows a profile goes before it."""
    clone.up("--observability", "--no-build", "--force-recreate", "--scale", "worker-matches=4")
    assert clone.docker.composed == [
        ["--profile=observability", "up", "--detach", "--force-recreate", "--scale", "worker-matches=4"]
    ]


@pytest.mark.slow
def test_the_demo_is_a_project_of_its_own_and_is_waited_for(clone: Clone) -> None:
    """What is invented gets volumes of its own. Progress is said once a change; it ends when all is stored."""
    clone.docker.answers |= {
        "trigger": [(1, "no such container"), (0, "")],
        "runs": [lines(), lines(_RUN), lines(_DONE)],
    }
    done = clone.up("--demo", "--no-build")
    assert done.returncode == 0, done.stderr
    project = ["--project-name", "touchline-demo", "--profile=demo"]
    worker = ["exec", "--no-TTY", "worker-matches", "touchline"]
    order = [*project, *worker, "schedule", "trigger", "demo"]
    look = [*project, *worker, "runs", "--source", "mlsnext", "--limit", "1", "--output", "jsonl"]
    assert clone.docker.composed == [[*project, "up", "--detach"], order, order, look, look, look]
    for call, variables in clone.docker.calls:
        if "touchline-demo" in call:
            assert variables["TOUCHLINE_MLSNEXT_URL"] == "http://demo-site:8900"
            assert variables["TOUCHLINE_CONFIG_FILE"] == "./container/demo.toml"
    said = [line.partition(" s  ")[2] for line in done.stderr.splitlines() if " s  " in line]
    assert said == [
        "waiting for the run to begin",
        "run 3f2a0000 running: 900 matches found, 400 stored",
        "run 3f2a0000 succeeded: 1,478 matches found, 1,478 stored",
    ]
    assert "docker compose --project-name touchline-demo run --rm cli runs" in done.stdout


def test_a_demo_that_went_wrong_is_no_success(clone: Clone) -> None:
    failed = _DONE | {"state": "suspect", "found": 0, "inserted": 0, "error": "it found nothing"}
    clone.docker.answers |= {"runs": [lines(failed)]}
    done = clone.up("--demo")
    assert done.returncode == 1
    assert "the demo league did not arrive: it found nothing\n  → docker compose" in done.stderr


def refusal(done: subprocess.CompletedProcess[str]) -> Sequence[str]:
    assert not done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-2:]


def test_without_docker_it_says_how_to_get_one(clone: Clone) -> None:
    """And has not written anything."""
    (clone.docker.directory / "docker").unlink()
    done = clone.up()
    assert done.returncode == 2
    what, to_do = refusal(done)
    assert what == "touchline: there is no docker on the PATH"
    assert to_do.startswith("  → install Docker Engine")
    assert not (clone.directory / "secrets").exists()


@pytest.mark.parametrize(
    ("answers", "code", "says"),
    [
        ({"version": [(1, "docker: 'compose' is not a docker command.\n")]}, 2, "docker has no compose"),
        (
            {"info": [(1, "Cannot connect to the daemon\n")]},
            3,
            "Docker's engine does not answer: Cannot connect to the",
        ),
        ({"info": [(0, "\n")]}, 3, "Docker's engine does not answer: it says nothing"),
        ({"info": [(0, "20.10.24\n")]}, 2, "Docker's engine is 20.10.24, and compose.yaml needs 25 or newer"),
    ],
)
def test_a_docker_that_will_not_do_is_told_from_one_that_is_down(
    clone: Clone, answers: dict[str, list[tuple[int, str]]], code: int, says: str
) -> None:
    clone.docker.answers |= answers
    done = clone.up()
    assert done.returncode == code
    what, to_do = refusal(done)
    assert what.startswith(f"touchline: {says}")
    assert to_do.startswith("  → ")
    assert clone.docker.composed == []


def test_a_secret_that_is_missing_stops_it_before_anything_starts(clone: Clone) -> None:
    clone.up()
    (clone.directory / "secrets" / "rabbitmq_url_worker").unlink()
    done = clone.up()
    assert done.returncode == 2
    assert refusal(done)[0].endswith("secrets has no rabbitmq_url_worker")
    assert clone.docker.composed == [["build"], ["up", "--detach"]]


def test_what_compose_could_not_do_is_its_own_exit_code(clone: Clone) -> None:
    clone.docker.answers |= {"up": [(17, "")]}
    done = clone.up()
    assert done.returncode == 1
    assert refusal(done)[0] == "touchline: docker compose up ended with 17"
