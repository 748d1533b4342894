"""What every command that does something begins with: the settings, and logs that go where they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contract.settings import Settings


def start(level: str = "WARNING") -> Settings:
    """The settings of this process, with logging from `level` on to stderr (`--debug`: everything).

    Called before anything that logs is imported or run, because an unconfigured structlog writes to stdout, which is
    for data. Raises ConfigurationError.
    """
    from contract.settings import load  # pydantic-settings costs 0.25 s, which no `--help` should

    settings = load()

    from contract.logging import configure

    context = click.get_current_context(silent=True)
    debug = context is not None and bool(context.find_root().params.get("debug"))
    configure(settings.log_format, level="DEBUG" if debug else level)
    return settings
