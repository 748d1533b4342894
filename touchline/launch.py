"""Runs `dramatiq` or `periodiq` with its log set up first, so that every line of it is JSON where that is set.

    python -m touchline.launch dramatiq actors --processes 1 --queues matches runs

Both set logging up before they load anything of ours, and leave alone what is there already. What runs is their own
command, in this very process, with these arguments.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

from contract.errors import TouchlineError
from contract.settings import load
from touchline.failures import report

PROGRAMS = ("dramatiq", "periodiq")


def main(arguments: list[str]) -> int:
    """What the program returns; 2 where it is none of these, or the settings are wrong."""
    if not arguments or arguments[0] not in PROGRAMS:
        sys.stderr.write(f"usage: python -m touchline.launch {'|'.join(PROGRAMS)} ARGUMENT...\n")
        return 2
    try:
        log_format = load().log_format
    except TouchlineError as error:
        return report(error)
    if log_format == "json":
        from contract.logging import configure

        configure("json")
    (command,) = entry_points(group="console_scripts", name=arguments[0])
    sys.argv = list(arguments)
    return int(command.load()() or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
