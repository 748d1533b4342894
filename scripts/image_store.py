"""Builds the images with buildah, where no container engine runs, and says what is in them.

All of it is in .cache/images: a storage of its own (`vfs`: plain directories, nothing is mounted), and a Debian made
with debootstrap that stands in for the base image under the very name that the Dockerfiles pin. How this machine
reaches its package registries (proxies, a CA of its own) is handed in from outside for the time of the build, so that
Dockerfiles and repository know nothing of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import debian
import system_packages
from system_packages import Refused, say

ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = ROOT / ".cache" / "images"

#: The images, by the Dockerfile that each is built from: container/NAME.Dockerfile makes touchline-NAME.
NAMES: Final = ("actors", "ingest")

_BASE: Final = re.compile(r"^ARG BASE=(debian:([0-9.]+)-slim)$", re.MULTILINE)

#: Where the build finds what is handed in.
_HANDED: Final = "/run/touchline-build"

#: What Debian's slim images leave out.
_NOT_SLIM: Final = ("doc", "info", "lintian", "locale", "man")

#: Of apt's settings, what says how a registry is reached.
_REACHES: Final = ("Acquire::http", "Acquire::Check-", "Acquire::Retries")


@dataclass(frozen=True, slots=True)
class Image:
    """One that was built: `root` is the directory that a container of it would see as `/`."""

    name: str
    root: Path
    #: The `config` of the image, as Docker has it.
    config: dict[str, Any]
    #: Bytes: of the whole, and of what the base brings.
    size: int
    base_size: int
    #: Seconds that building took.
    took: float


def pinned() -> tuple[str, str]:
    """The base image that all Dockerfiles name, and its version of Debian. Raises Refused where they differ."""
    found = {_BASE.search((ROOT / "container" / f"{name}.Dockerfile").read_text(encoding="utf-8")) for name in NAMES}
    bases = {(match[1], match[2]) for match in found if match}
    if None in found or len(bases) != 1:
        raise Refused("the Dockerfiles do not begin with the same ARG BASE=debian:VERSION-slim")
    return bases.pop()


def make_base() -> None:
    """The stand-in for the base image, unless it is there. Raises Refused."""
    reference, version = pinned()
    if not shutil.which("buildah"):
        system_packages.install(apt=("buildah",))
    tree = CACHE / "debian"
    if not tree.exists():
        say(f"making a Debian {debian.SUITE}, which stands in for {reference}: half a minute, 190 MB")
        debian.bootstrap(tree)
        _slim(tree)
    made = (tree / "etc" / "debian_version").read_text().strip()
    if made != version:
        say(f"note: Debian {debian.SUITE} is at {made} now, and the Dockerfiles pin {version}")
    if _says("images", "--quiet", reference, fails=True):
        return
    container = _says("from", "scratch")
    try:
        _says("add", "--quiet", container, str(tree), "/")
        _says("config", "--cmd", "bash", container)
        _says("commit", "--quiet", container, f"docker.io/library/{reference}")
    finally:
        _says("rm", container)


def _slim(tree: Path) -> None:
    """Leaves out what Debian's own slim images do, now and for packages that come later."""
    share = tree / "usr" / "share"
    excluded = "".join(f"path-exclude /usr/share/{name}/*\n" for name in _NOT_SLIM)
    (tree / "etc" / "dpkg" / "dpkg.cfg.d" / "docker").write_text(
        f"{excluded}path-include /usr/share/doc/*/copyright\npath-include /usr/share/locale/locale.alias\n"
    )
    for path in (path for name in _NOT_SLIM for path in (share / name).glob("**/*")):
        if path.name not in ("copyright", "locale.alias") and (path.is_symlink() or not path.is_dir()):
            path.unlink()
    shutil.rmtree(tree / "var" / "lib" / "apt" / "lists")
    (tree / "var" / "lib" / "apt" / "lists" / "partial").mkdir(parents=True)


def build(name: str, revision: str) -> Image:
    """Builds an image as its Dockerfile says. Raises Refused with the last lines where that fails."""
    tag = f"touchline-{name}"
    handed = _hand_in()
    volumes = [
        f"{handed}:{_HANDED}:ro",
        f"{handed}/pip.conf:/etc/pip.conf:ro",
        f"{handed}/apt.conf:/etc/apt/apt.conf.d/99touchline-build:ro",
    ]
    began = time.monotonic()
    # the format of Docker: that of the OCI knows no HEALTHCHECK
    _says(
        *(
            "build",
            "--isolation",
            "chroot",
            "--network",
            "host",
            "--pull-never",
            "--layers=false",
            "--format",
            "docker",
        ),
        *(f"--volume={volume}" for volume in volumes),
        *("--build-arg", f"REVISION={revision}", "--tag", tag, "--file", f"container/{name}.Dockerfile", "."),
    )
    took = time.monotonic() - began
    inspected = json.loads(_says("inspect", "--type", "image", tag))
    layers = [layer["size"] for layer in json.loads(inspected["Manifest"])["layers"]]
    container = _says("from", "--pull-never", tag)
    root = Path(_says("mount", container))
    return Image(tag, root, inspected["Docker"]["config"], sum(layers), layers[0], took)


def forget_containers() -> None:
    """Removes the directories that images were looked at in; the images stay until they are built again."""
    _says("rm", "--all", fails=True)
    _says("rmi", "--prune", fails=True)


def _hand_in() -> Path:
    """A directory with what apt and pip are told here of proxies and CAs, in their words."""
    handed = CACHE / "handed"
    handed.mkdir(parents=True, exist_ok=True)
    dumped = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE, text=True, check=True).stdout
    (handed / "apt.conf").write_text("".join(f"{line}\n" for line in dumped.splitlines() if line.startswith(_REACHES)))
    lines = ["[global]"]
    for key in ("index-url", "cert", "proxy", "trusted-host"):
        if value := _pips(key):
            if key == "cert":
                shutil.copyfile(value, handed / "ca.crt")
                value = f"{_HANDED}/ca.crt"
            lines.append(f"{key} = {value}")
    (handed / "pip.conf").write_text("\n".join(lines) + "\n")
    return handed


def _pips(key: str) -> str:
    """What pip is told here, by its variable or its file."""
    if value := os.environ.get(f"PIP_{key.upper().replace('-', '_')}"):
        return value
    done = subprocess.run(
        ["python3", "-m", "pip", "config", "get", f"global.{key}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return done.stdout.strip()


def _says(command: str, *arguments: str, fails: bool = False) -> str:
    """What buildah prints. Raises Refused where it fails, unless it `fails` for a good reason: then it is empty."""
    storage = ["--root", str(CACHE / "storage"), "--runroot", str(CACHE / "run"), "--storage-driver", "vfs"]
    done = subprocess.run(
        ["buildah", *storage, command, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode and not fails:
        lines = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise Refused(f"buildah {command} failed:\n  " + "\n  ".join(lines))
    return "" if done.returncode else done.stdout.strip()
