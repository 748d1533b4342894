"""Builds both images and tries what they promise, with no container engine: what `make images-check` calls.

    python scripts/images.py [actors|ingest] [--keep]

buildah builds them as their Dockerfiles say, on a Debian from debootstrap that stands in for the base image; their
programs run in a chroot with a read-only root, as their user (image_room). In the end a worker, a worker for scrapes
and a scheduler of the images bring the demo league from its site through a real RabbitMQ into a real PostgreSQL.
That takes root and some minutes. No mount and no process is left; the images stay in .cache/images with --keep.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import image_checks
import image_store
from image_pipeline import pipeline
from image_room import room
from image_store import NAMES, ROOT, Image
from system_packages import Refused, say

_MEGABYTE: Final = 1_000_000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="images.py", description="Build both images and try what they promise.")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="only these; the pipeline is tried with both")
    parser.add_argument("--keep", action="store_true", help="leave the images in .cache/images")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        _check_tools()
        image_store.make_base()
        failed = sum([_report(verdict) for verdict in _all(options.names or list(NAMES))])
    except Refused as refusal:
        say(f"the images cannot be checked: {refusal}")
        return 2
    finally:
        image_store.forget_containers()
        if not options.keep:
            shutil.rmtree(image_store.CACHE / "storage", ignore_errors=True)
    say(f"{'nothing is' if not failed else f'{failed} things are'} wrong; {time.monotonic() - began:.0f} s in all")
    return 1 if failed else 0


def _check_tools() -> None:
    if os.geteuid() != 0:
        raise Refused("a chroot needs root: sudo make images-check")
    for tool in ("unshare", "nsenter", "setpriv"):
        if not shutil.which(tool):
            raise Refused(f"there is no {tool}, of util-linux")


def _all(names: list[str]) -> Iterator[image_checks.Verdict]:
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    images = {}
    for name in names:
        say(f"building touchline-{name}")
        image = images[name] = image_store.build(name, revision)
        say(
            f"{image.name}: {image.size / _MEGABYTE:.0f} MB, of which the base has {image.base_size / _MEGABYTE:.0f}; "
            f"built in {image.took:.0f} s"
        )
        yield from _one(image, revision, version)
    say("packages for the other architecture")
    yield from image_checks.wheels("x86_64" if platform.machine() == "aarch64" else "aarch64")
    if len(images) == len(NAMES):
        say("the demo league, with both images")
        yield from pipeline(images["actors"], images["ingest"])


def _one(image: Image, revision: str, version: str) -> Iterator[image_checks.Verdict]:
    yield from image_checks.configuration(image, revision, version)
    yield from image_checks.files(image)
    with room(image) as inside:
        yield from image_checks.commands(inside, version)
        yield from image_checks.read_only(inside)
        if image.name == "touchline-ingest":
            from touchline.demo.league import League
            from touchline.demo.site import DemoSite

            league = League()
            with DemoSite(league, league.weekend().before) as site:
                yield from image_checks.browser(inside, f"{site.url}/?league=homegrown")


def _report(verdict: image_checks.Verdict) -> bool:
    """Says how a check went, and returns whether it failed."""
    what, wrong = verdict
    print(f"  {'ok ' if wrong is None else 'NOT'} {what}" + (f"\n      {wrong}" if wrong else ""), flush=True)
    return wrong is not None


if __name__ == "__main__":
    # the tests' servers are the pipeline's, too
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main(sys.argv[1:]))
