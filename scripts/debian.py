"""A Debian in a directory, made with debootstrap from the mirror that this machine's own packages come from.

That takes root, and a Debian whose package sources are the ones that are used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import system_packages
from system_packages import Refused

#: The Debian that images and RabbitMQ 4 are tried on.
SUITE: Final = "trixie"

#: Where a mirror of Debian is, for whoever has none among the package sources.
_MIRROR: Final = "TOUCHLINE_DEBIAN_MIRROR"


def bootstrap(target: Path, packages: tuple[str, ...] = ()) -> None:
    """Makes a minimal system with `packages` in `target`, which is there as a whole or not at all. Raises Refused."""
    mirror = _mirror()
    if not shutil.which("debootstrap"):
        system_packages.install(apt=("debootstrap",))
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    include = [f"--include={','.join(packages)}"] if packages else []
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", *include, SUITE, str(unfinished), mirror],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if made.returncode:
        raise Refused("debootstrap failed:\n  " + "\n  ".join(made.stdout.splitlines()[-5:]))
    shutil.rmtree(unfinished / "var" / "cache" / "apt", ignore_errors=True)
    unfinished.rename(target)


def _mirror() -> str:
    """Where this system has its own Debian packages from. Raises Refused."""
    if named := os.environ.get(_MIRROR):
        return named
    wanted = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"
    if shutil.which("apt-get"):
        listed = subprocess.run(
            ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"], stdout=subprocess.PIPE, text=True
        )
        for line in listed.stdout.splitlines():
            origin, label, component, address = line.split("|", 3)
            if (origin, label, component) == ("Debian", "Debian", "main"):
                return address
    raise Refused(f"apt knows no mirror of Debian here; set {_MIRROR} to the URL of one")
