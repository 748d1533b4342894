"""Starts compose.yaml from a clean clone: what `make up` calls. Needs python3 and Docker, and nothing of ours.

    python3 scripts/up.py [--demo] [--observability] [ARGUMENT OF docker compose up...]

It writes secrets/ once, builds the images, and starts everything in the background; `docker compose` itself waits for
health checks and the migration. With --demo it is another set of containers and volumes (project `touchline-demo`),
that reads the demo league in place of the real one; this program waits until all of it is in the database.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import secret_files

ROOT: Final = Path(__file__).resolve().parents[1]

#: The oldest engine that knows all of compose.yaml (`start_interval`).
_ENGINE: Final = 25

#: Another project has volumes of its own: what is invented never gets into the database of what is real.
_DEMO: Final = "touchline-demo"
DEMO_ENVIRONMENT: Final = {
    "TOUCHLINE_CONFIG_FILE": "./container/demo.toml",
    "TOUCHLINE_MLSNEXT_URL": "http://demo-site:8900",
    # beside the real one
    "TOUCHLINE_CONSOLE_PORT": "8091",
}

#: Seconds until the demo league must be in the database, and between two looks.
_PATIENCE: Final = 120.0
_PAUSE: Final = 1.0


class Failed(Exception):
    """What went wrong, what to do about it, and the exit code."""

    def __init__(self, what: str, to_do: str, code: int = 2) -> None:
        super().__init__(what)
        self.to_do = to_do
        self.code = code


class Compose:
    """`docker compose` for one project, with the environment that compose.yaml is filled in from."""

    def __init__(self, project: str | None, profiles: tuple[str, ...], environment: dict[str, str]) -> None:
        self._project = ["--project-name", project] if project else []
        self._profiles = [f"--profile={profile}" for profile in profiles]
        self._environment = os.environ | environment

    def shown(self, *arguments: str) -> str:
        """What a person types for the same."""
        return shlex.join(["docker", "compose", *self._project, *arguments])

    def do(self, *arguments: str) -> None:
        """Runs it in sight of the person. Raises Failed where it fails."""
        done = subprocess.run(self._line(arguments), cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Failed(
                f"docker compose {arguments[0]} ended with {done.returncode}",
                f"what it said is above; {self.shown('logs', '--tail=20')} says more",
                1,
            )

    def ask(self, *arguments: str) -> str | None:
        """What it prints, None where it fails."""
        done = subprocess.run(
            self._line(arguments),
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return None if done.returncode else done.stdout

    def _line(self, arguments: tuple[str, ...]) -> list[str]:
        return ["docker", "compose", *self._project, *self._profiles, *arguments]


def main(arguments: list[str]) -> int:
    options, others = _parser().parse_known_args(arguments)
    try:
        _check_docker()
        _write_secrets()
        profiles = tuple(name for name in ("demo", "observability") if getattr(options, name))
        environment = {"TOUCHLINE_REVISION": _revision()} | (DEMO_ENVIRONMENT if options.demo else {})
        compose = Compose(_DEMO if options.demo else None, profiles, environment)
        if not options.no_build:
            compose.do("build")
        compose.do("up", "--detach", *others)
        if options.demo:
            _order(compose)
            _follow(lambda: _latest_run(compose), compose)
        _say_where(compose, demo=options.demo, observability=options.observability)
    except Failed as failed:
        _say(f"{failed}\n  → {failed.to_do}")
        return failed.code
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make up ARGS=...",
        allow_abbrev=False,
        description="Start compose.yaml. What is not listed here goes to docker compose up.",
    )
    parser.add_argument("--demo", action="store_true", help="read the demo league, apart from anything real")
    parser.add_argument("--observability", action="store_true", help="with Prometheus and Grafana")
    parser.add_argument("--no-build", action="store_true", help="with the images that are there")
    return parser


def _check_docker() -> None:
    """Raises Failed where there is no Docker with Compose that answers."""
    if not shutil.which("docker"):
        raise Failed(
            "there is no docker on the PATH",
            "install Docker Engine with the Compose plugin (https://docs.docker.com/engine/install/); "
            "without containers: touchline up",
        )
    if _docker("compose", "version").returncode:
        raise Failed("docker has no compose", "install its plugin: https://docs.docker.com/compose/install/linux/")
    asked = _docker("info", "--format", "{{.ServerVersion}}")
    version = asked.stdout.strip()
    if asked.returncode or not version:
        last = (asked.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise Failed(f"Docker's engine does not answer: {last}", "start it, or become a user who may use it", 3)
    major = version.split(".")[0]
    if major.isdigit() and int(major) < _ENGINE:
        raise Failed(f"Docker's engine is {version}, and compose.yaml needs {_ENGINE} or newer", "upgrade it")


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)


def _write_secrets() -> None:
    try:
        if secret_files.write():
            _say(f"random passwords, written to {secret_files.DIRECTORY}: keep a copy of it with your backups")
    except secret_files.Incomplete as error:
        raise Failed(
            str(error),
            "put it back from your backup; with nothing to lose: docker compose down --volumes, and remove it",
        ) from None
    except OSError as error:
        raise Failed(f"the passwords cannot be written: {error}", "mend that, nothing was changed") from None


def _revision() -> str:
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def _order(compose: Compose) -> None:
    """Orders a run of the demo's schedule, as soon as a worker's container takes commands. Raises Failed."""
    deadline = time.monotonic() + _PATIENCE
    while compose.ask(*_IN_A_WORKER, "schedule", "trigger", "demo") is None:
        if time.monotonic() > deadline:
            raise Failed(
                "no worker takes the order", f"{compose.shown('logs', '--tail=20', 'worker-matches')} says why", 3
            )
        time.sleep(_PAUSE)
    _say("ordered: worker-scrapes reads the demo league's site, worker-matches stores what it finds")


#: Runs a command in the container of the first worker, which costs no container of its own.
_IN_A_WORKER: Final = ("exec", "--no-TTY", "worker-matches", "touchline")


def _latest_run(compose: Compose) -> dict[str, Any] | None:
    """The newest run of the demo league, None where there is none yet."""
    printed = compose.ask(*_IN_A_WORKER, "runs", "--source", "mlsnext", "--limit", "1", "--output", "jsonl") or ""
    return next((json.loads(line) for line in printed.splitlines() if line.startswith("{")), None)


def _follow(latest: Callable[[], dict[str, Any] | None], compose: Compose) -> None:
    """Says how far the run is until it has ended well. Raises Failed where it does not."""
    began = time.monotonic()
    said = ""
    while True:
        run = latest()
        if run is None:
            progress, state = "waiting for the run to begin", "running"
        else:
            state = run["state"]
            stored = sum(run[fate] or 0 for fate in ("inserted", "updated", "unchanged"))
            progress = f"run {str(run['run_id'])[:8]} {state}: {run['found'] or 0:,} matches found, {stored:,} stored"
        if progress != said:
            _say(f"{time.monotonic() - began:3.0f} s  {progress}")
            said = progress
        if state == "succeeded":
            return
        if state != "running" or time.monotonic() - began > _PATIENCE:
            why = (run or {}).get("error") or f"it is not done after {_PATIENCE:.0f} s"
            raise Failed(f"the demo league did not arrive: {why}", f"{compose.shown('logs', '--tail=20')} says more", 1)
        time.sleep(_PAUSE)


def _say_where(compose: Compose, *, demo: bool, observability: bool) -> None:
    rows = [
        (
            "Console",
            f"http://127.0.0.1:{_console_port(demo)}; whoever acts there needs the token in secrets/console_token",
        ),
        ("Look", compose.shown("run", "--rm", "cli", "matches", "--limit", "5")),
        ("Runs", compose.shown("run", "--rm", "cli", "runs")),
        ("In order?", compose.shown("run", "--rm", "cli", "doctor")),
        ("Logs", compose.shown("logs", "--follow", "worker-matches", "worker-scrapes")),
    ]
    if demo:
        rows.append(("Site", "http://127.0.0.1:8900/?league=homegrown"))
    else:
        rows.append(("Read now", compose.shown("run", "--rm", "producer", "scrape", "mlsnext", "--wait")))
        rows.append(("Schedules", "TOUCHLINE_CONFIG_FILE in .env; to begin with: container/touchline.toml"))
    if observability:
        rows.append(("Grafana", "http://127.0.0.1:3000, user admin, password in secrets/grafana_admin_password"))
        rows.append(("Prometheus", "http://127.0.0.1:9090"))
    rows.append(("Stop", compose.shown(*(("--profile", "*") if demo or observability else ()), "down")))
    for name, text in rows:
        print(f"{name:<11}{text}")


def _console_port(demo: bool) -> str:
    return DEMO_ENVIRONMENT["TOUCHLINE_CONSOLE_PORT"] if demo else os.environ.get("TOUCHLINE_CONSOLE_PORT") or "8090"


def _say(text: str) -> None:
    print(f"touchline: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
