"""How far worker processes on one machine go, and how long a message takes while they work.

`make bench-scaling`: the rate of new matches and of a refresh with 1, 2 and 4 worker processes on one queue, of one or
more threads, with the processor time that a thousand matches took by whom; and publish to commit of single messages
while two processes store new matches at half of their rate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psutil

import tests.fix_environment  # noqa: F401 - takes the addresses of live systems out of the environment
from bench import report
from bench.latency import take
from bench.load import MATCHES, changed, matches, messages_of
from bench.stage import Place, Stage
from bench.storing import PROCESSES, THREADS, stored, warm
from contract.broker import make_broker
from contract.names import STORE_MATCHES
from tests.chaos.__main__ import quiet

#: Processes, and threads of each.
_WORKERS: Final = ((1, 1), (1, 4), (1, 8), (2, 1), (2, 4), (4, 1))

#: Who uses the processor, by a word of the command.
_WHO: Final = {"beam": "RabbitMQ", "postgres": "PostgreSQL", "dramatiq": "workers"}

#: Probes in a round at half load, and the seconds for which the load lasts at least: longer than they take.
_PROBES: Final = 200
_BUSY: Final = 12


def measure_scaling(stage: Stage, rounds: int) -> Iterator[dict[str, Any]]:
    """Of each number of processes and each work: matches a second, and milliseconds of processor a 1,000 matches."""
    for processes, threads in _WORKERS:
        taken: dict[str, list[tuple[float, Mapping[str, float]]]] = {"new": [], "refresh": []}
        for _ in range(rounds):
            rows = matches()
            runs = messages_of(rows), messages_of(changed(rows, each=200), day=1)
            with stage.place() as place, place.worker(processes=processes, threads=threads) as worker:
                warm(place, processes)
                for work, run in zip(taken, runs, strict=True):
                    place.settle()
                    before = _used()
                    seconds = stored(place, worker, *run)
                    taken[work].append((MATCHES / seconds, _since(before)))
        for work, each in taken.items():
            used = {who: statistics.median(used.get(who, 0) for _, used in each) for who in _WHO.values()}
            yield {
                "processes": processes,
                "threads": threads,
                "work": work,
                "rate": statistics.median(rate for rate, _ in each),
                **{who: 1000 * seconds / (MATCHES / 1000) for who, seconds in used.items()},
            }
        sys.stderr.write(f"bench: {processes} processes of {threads} threads, {rounds} rounds\n")


def measure_half_load(stage: Stage, rounds: int, rate: float) -> dict[str, Any]:
    """Milliseconds from publish to commit while new matches come at half of `rate` a second."""
    median, worst, done = [], [], []
    for number in range(rounds):
        with stage.place() as place, place.worker(processes=PROCESSES, threads=THREADS):
            warm(place, PROCESSES)
            with _load(place, rate / 2, source=f"busy-{number}") as sent:
                taken = take(place, matches(_PROBES, first=8_000_000))
            median.append(statistics.median(taken))
            worst.append(statistics.quantiles(taken, n=100)[98])
            done.append(sent[0])
    return {
        "load": rate / 2,
        "sent": statistics.median(done),
        "p50": statistics.median(median),
        "p99": statistics.median(worst),
    }


@contextmanager
def _load(place: Place, rate: float, *, source: str) -> Iterator[list[float]]:
    """Batches of new matches, evenly, so many matches a second. Yields what was reached, known at the end."""
    stop, reached = threading.Event(), [0.0]
    # made before: whoever reads and validates rows meanwhile takes the processor from the workers
    batches = [
        (message, len(message.kwargs["matches"]))
        for message in messages_of(matches(int(rate * _BUSY)), source=source)[1]
        if message.actor_name == STORE_MATCHES
    ]

    def send() -> None:
        broker = make_broker(place.queue_url)
        begun, sent = time.monotonic(), 0
        for message, rows in batches:
            if stop.wait(max(0.0, begun + sent / rate - time.monotonic())):
                break
            broker.enqueue(message)
            sent += rows
        reached[0] = sent / (time.monotonic() - begun)
        broker.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        time.sleep(1)
        yield reached
    finally:
        stop.set()
        thread.join()


def _used() -> dict[int, tuple[str, float]]:
    """Seconds of processor so far, by process, of those that take part."""
    found = {}
    for process in psutil.process_iter(["name", "cmdline", "cpu_times"]):
        said = f"{process.info['name']} {' '.join(process.info['cmdline'] or ())}"
        who = next((who for word, who in _WHO.items() if word in said), None)
        if who is not None and process.info["cpu_times"] is not None:
            found[process.pid] = who, process.info["cpu_times"].user + process.info["cpu_times"].system
    return found


def _since(before: Mapping[int, tuple[str, float]]) -> Counter[str]:
    used: Counter[str] = Counter()
    for pid, (who, seconds) in _used().items():
        used[who] += seconds - before.get(pid, (who, 0.0))[1]
    return used


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-scaling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts (default: %(default)s)")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true")
    shown.add_argument("--markdown", action="store_true")
    given = parser.parse_args(arguments)
    with quiet(), Stage() as stage:
        scaling = list(measure_scaling(stage, given.rounds))
        usual = (PROCESSES, THREADS, "new")
        rate = next(row["rate"] for row in scaling if (row["processes"], row["threads"], row["work"]) == usual)
        half = measure_half_load(stage, given.rounds, rate)
        said = report.circumstances(stage.versions, given.rounds)
    if given.json:
        sys.stdout.write(json.dumps({**said, "scaling": scaling, "half_load": half}, indent=2) + "\n")
        return 0
    head = ("work", "processes × threads", "matches a second", *(f"{who}, ms a 1,000" for who in _WHO.values()))
    cells = [
        [
            row["work"],
            f"{row['processes']} × {row['threads']}",
            f"{row['rate']:,.0f}",
            *(f"{row[who]:.0f}" for who in _WHO.values()),
        ]
        for row in sorted(scaling, key=lambda row: row["work"])
    ]
    report.grid(head, cells, said, as_markdown=given.markdown)
    sys.stdout.write(
        f"\nPublish to commit at {half['sent']:,.0f} new matches a second, of two processes:"
        f" median {half['p50']:.1f} ms, 99th percentile {half['p99']:.1f} ms\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
