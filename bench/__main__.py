"""`python -m bench`: every budget of DESIGN section 7, or some, measured on servers of their own; one table.

Ends with 1 where a budget is missed and `--check` is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

import tests.fix_environment  # noqa: F401 - takes the addresses of live systems out of the environment
from bench import report
from bench.budgets import BUDGETS, Measured
from bench.latency import measure_latency
from bench.season import measure_feed, measure_season
from bench.stage import Stage
from bench.storing import measure_celery, measure_growth, measure_store
from tests.chaos.__main__ import quiet

#: Rows that are measured together, by the measurement that gives them.
_TOGETHER = {
    "store": {"store-new", "refresh", "rows-written", "celery"},
    "season": {"nothing-new", "season", "memory-worker"},
    "latency": {"latency-p50", "latency-p99"},
    "feed": {"memory-feed"},
    "growth": {"growth"},
}


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    wanted = set(given.only or [row.name for row in BUDGETS])
    if unknown := sorted(wanted - {row.name for row in BUDGETS}):
        known = ", ".join(row.name for row in BUDGETS)
        sys.stderr.write(f"bench: there is no row {', '.join(unknown)}; rows are: {known}\n")
        return 2
    with quiet(), Stage() as stage:
        found = {row.budget.name: row for row in _measure(stage, wanted, given.rounds)}
        said = report.circumstances(stage.versions, given.rounds)
    rows = [found[row.name] for row in BUDGETS if row.name in wanted]
    show: Callable[..., None] = report.as_json if given.json else report.markdown if given.markdown else report.table
    show(rows, said)
    missed = [row.budget.name for row in rows if not row.ok]
    if missed:
        sys.stderr.write(f"bench: missed: {', '.join(missed)}\n")
    return 1 if missed and given.check else 0


def _measure(stage: Stage, wanted: set[str], rounds: int) -> Iterator[Measured]:
    def asked(which: str) -> bool:
        if wanted.isdisjoint(_TOGETHER[which]):
            return False
        sys.stderr.write(f"bench: {which}, {rounds} rounds\n")
        return True

    if asked("store"):
        store = measure_store(stage, rounds)
        yield from store
        if "celery" in wanted:
            yield measure_celery(stage, rounds, store[0])
    if asked("season"):
        yield from measure_season(stage, rounds)
    if asked("latency"):
        yield from measure_latency(stage, rounds)
    if asked("feed"):
        yield measure_feed(rounds)
    if asked("growth"):
        yield measure_growth(stage, rounds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", metavar="ROW", help="this row alone; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="end with 1 where a budget is missed")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true")
    shown.add_argument("--markdown", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
