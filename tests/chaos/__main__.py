"""`python -m tests.chaos`: all faults, or some, or a random soak; one table; not 0 if one number is off."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

import tests.fix_environment  # noqa: F401 - takes the addresses of live systems out of the environment
from tests.chaos import report
from tests.chaos.faults import BROKERS, load
from tests.chaos.report import Row
from tests.chaos.runner import LANES, run_all, run_soak
from tests.chaos.world import Form


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    faults = [fault for fault in load().values() if given.broker in fault.brokers]
    if given.only:
        unknown = sorted(set(given.only) - {fault.name for fault in faults})
        if unknown:
            sys.stderr.write(f"chaos: no such fault on {given.broker}: {', '.join(unknown)}; see --list\n")
            return 2
        faults = [fault for fault in faults if fault.name in given.only]
    if given.list:
        for fault in faults:
            sys.stdout.write(f"{fault.name:32} {fault.title}\n")
        return 0
    form = Form(given.short)
    with quiet():
        if given.minutes:
            sys.stderr.write(f"chaos: a soak of {given.minutes:g} minutes, seed {given.seed}\n")
            rows = [run_soak(given.minutes, seed=given.seed, form=form)]
        else:
            sys.stderr.write(f"chaos: {len(faults)} faults on {given.broker}, seed {given.seed}\n")
            rows = run_all(faults, broker=given.broker, seed=given.seed, form=form, done=_tell, lanes=given.lanes)
    if given.json:
        report.as_json(rows)
    elif given.markdown:
        report.markdown(rows)
    else:
        report.table(rows)
    report.failures(rows)
    return 0 if all(row.ok for row in rows) else 1


@contextmanager
def quiet() -> Iterator[None]:
    """The producers here are in this process; that their broker is away is no news."""
    loggers = [logging.getLogger(name) for name in ("contract", "dramatiq", "psycopg.pool")]
    levels = [logger.level for logger in loggers]
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        structlog.configure(**before)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _tell(row: Row) -> None:
    recovery = "" if row.recovery is None else f", recovered in {row.recovery:.1f} s"
    sys.stderr.write(f"chaos: {row.fault}: {'ok' if row.ok else 'OFF'} after {row.took:.0f} s{recovery}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--only", action="append", metavar="FAULT", help="this fault alone; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    parser.add_argument("--broker", choices=BROKERS, default="rabbitmq")
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: %(default)s)")
    parser.add_argument("--minutes", type=float, help="a random soak of so many minutes that mixes the faults")
    parser.add_argument("--short", action="store_true", help="seconds instead of minutes; part of `make test`")
    parser.add_argument("--lanes", type=int, default=LANES, help="faults side by side (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object a fault")
    parser.add_argument("--markdown", action="store_true", help="the table of docs/reliability.md")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # what is still running hangs on lifelines, and ends with this process
        os._exit(130)
