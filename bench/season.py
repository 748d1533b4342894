"""Rows of the table about reading: a whole season from the feeds, a refresh with nothing new, and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Final

from bench import bare
from bench.budgets import Measured, budget
from bench.load import FIRST_SEEN, batches_of, documents, league, messages_of, season
from bench.stage import ROOT, Place, Stage, wait
from bench.storing import PROCESSES, THREADS
from touchline.demo.site import DemoSite

_PARSE: Final = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ingest.http import Answer
from ingest.sources import Part
from ingest.sources.mlsnext import Documents, MLSNext

def answer(path):
    return Answer(200, Path(path).read_bytes(), None, path, "application/json", datetime.now(UTC))

documents = Documents(answer(sys.argv[1]), answer(sys.argv[2]))
sum(1 for _ in MLSNext().parse(Part("k", "academy", "2026-27"), documents).matches)
# not ru_maxrss: a process inherits that from the one that started it
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


def measure_season(stage: Stage, rounds: int) -> list[Measured]:
    """`touchline scrape mlsnext` of all three leagues until its run has ended, and once more with nothing new."""
    whole, nothing, memory = (Measured(budget(name)) for name in ("season", "nothing-new", "memory-worker"))
    batches = batches_of(messages_of(season())[1])
    with DemoSite(league(), FIRST_SEEN) as site:
        for path in documents():  # the site makes its bodies when they are asked for first
            urllib.request.urlopen(site.url + path).close()
        for _ in range(rounds):
            with stage.place() as place, place.connect() as connection:
                place.environment |= {"TOUCHLINE_MLSNEXT_URL": site.url, "TOUCHLINE_CHROMIUM": "none"}
                bare.prepare(connection)
                begun = time.perf_counter()
                for body in documents().values():
                    json.loads(body)
                yardstick = time.perf_counter() - begun + bare.seconds(connection, batches)
                with place.worker(processes=PROCESSES, threads=THREADS) as worker:
                    ours = _scrape(place, wait_for_end=True)
                    whole.add(ours / yardstick, ours=ours, yardstick=yardstick)
                    asked = len(site.requests)
                    nothing.add(_scrape(place, wait_for_end=False))
                    answered = {request.status for request in site.requests[asked:] if request.path != "/robots.txt"}
                    assert answered == {304}, f"not all was conditional: {answered}"
                    memory.add(worker.peak())
    return [whole, nothing, memory]


def _scrape(place: Place, *, wait_for_end: bool) -> float:
    """Seconds."""
    command = [sys.executable, "-m", "touchline", "scrape", "mlsnext", "--season", league().season]
    begun = time.perf_counter()
    done = subprocess.run(command, env=place.environment, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"touchline scrape ended with {done.returncode}:\n{done.stderr}")
    if wait_for_end:
        with place.connect() as connection:

            def ended() -> bool:
                row = connection.execute("SELECT count(*) FILTER (WHERE state = 'succeeded'), max(error) FROM runs")
                return row.fetchone()[0] == 1  # type: ignore[index,no-any-return]

            wait("the season to be stored", ended, look=0.01)
    return time.perf_counter() - begun


def measure_feed(rounds: int) -> Measured:
    """The largest feed, parsed by a process of its own: the interpreter and all imports included."""
    measured = Measured(budget("memory-feed"))
    (key,) = [key for key in league().keys if "academy" in key]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for kind in ("schedule", "standings"):
            paths.append(Path(folder) / kind)
            paths[-1].write_bytes(documents()[f"/data/{kind}/{key}.json"])
        for _ in range(rounds):
            said = subprocess.run(
                [sys.executable, "-c", _PARSE, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=True
            )
            measured.add(int(said.stdout) / 1024, megabytes=paths[0].stat().st_size / 1e6)
    return measured
