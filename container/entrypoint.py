"""What an image of Touchline runs, by its arguments. It becomes that program: nothing is left in front of it.

    worker [QUEUE...]     a worker on these queues; none named: on all but scrapes
    worker scrapes        a worker that reads sites: one order at a time, and none waits behind it
    scheduler             the clock
    anything else         the command `touchline` with these arguments

TOUCHLINE_THREADS sets how many threads a worker has: 8, and 1 for scrapes, unless it is set.
"""

from __future__ import annotations

import os
import sys

from contract.names import QUEUES, SCRAPES


class Refused(Exception):
    """The arguments or the environment make no sense: what is wrong, and what to do."""


def command(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """The command line to become; may add to `environment`. Raises Refused."""
    match arguments:
        case ["worker", *queues]:
            return _worker(queues, environment)
        case ["scheduler"]:
            return _logging(["periodiq", "actors"], environment)
        case ["scheduler", *_]:
            raise Refused("the scheduler takes no arguments", "leave them out")
        case _:
            return ["touchline", *arguments]


def _worker(queues: list[str], environment: dict[str, str]) -> list[str]:
    if unknown := [queue for queue in queues if queue not in QUEUES]:
        raise Refused(f"there is no queue {unknown[0]!r}", f"name some of: {' '.join(QUEUES)}")
    scrapes = SCRAPES in queues
    if scrapes and len(queues) > 1:
        raise Refused("a worker for scrapes has no other queue", "start another container for the others")
    threads = environment.get("TOUCHLINE_THREADS") or ("1" if scrapes else "8")
    if not (threads.isascii() and threads.isdigit() and 1 <= int(threads) <= 64):
        raise Refused(f"TOUCHLINE_THREADS is {threads[:20]!r}", "make it a number from 1 to 64, or unset it")
    if scrapes:
        environment["dramatiq_queue_prefetch"] = "1"
    chosen = queues or [queue for queue in QUEUES if queue != SCRAPES]
    line = ["dramatiq", "actors", "--processes", "1", "--threads", threads, "--queues", *chosen]
    return _logging(line, environment)


def _logging(line: list[str], environment: dict[str, str]) -> list[str]:
    """The same program, with its own first lines as JSON, too, where the log is to be JSON."""
    if environment.get("TOUCHLINE_LOG_FORMAT") != "json":
        return line
    return [sys.executable, "-I", "-m", "touchline.launch", *line]


def main() -> int:
    environment = dict(os.environ)
    try:
        line = command(sys.argv[1:], environment)
    except Refused as refusal:
        what, to_do = refusal.args
        sys.stderr.write(f"touchline: {what}\n  → {to_do}\n")
        return 2
    return os.execvpe(line[0], line, environment)  # noqa: S606 - never a shell


if __name__ == "__main__":
    sys.exit(main())
