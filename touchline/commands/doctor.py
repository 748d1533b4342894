"""`touchline doctor`: is everything in order, and if not, what to do."""

from __future__ import annotations

from dataclasses import asdict

import click

from touchline import options, output
from touchline.output import Column, Format, write

FIELDS = ("check", "state", "detail", "hint")


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline doctor", "touchline doctor --online", "touchline doctor --output json"),
)
@click.option("--online", is_flag=True, help="Ask the sources' sites, too; nothing of it is stored.")
@output.output_option
@click.pass_context
def doctor(context: click.Context, online: bool, output: Format) -> None:
    """Check the settings, the database, the broker, the clock, the browser and the sources.

    Each is ok, not ok (why, and what to do), or not used. Exit code 1: something is not ok; 3: something that is
    needed does not answer.
    """
    from touchline.diagnosis import examine

    findings = list(examine(online=online))
    write(
        ({name: value for name, value in asdict(finding).items() if name in FIELDS} for finding in findings),
        FIELDS,
        COLUMNS,
        output,
        limit=0,
    )
    if any(finding.unreachable for finding in findings):
        context.exit(3)
    if any(finding.state == "not ok" for finding in findings):
        context.exit(1)


COLUMNS = (
    Column("check", "check"),
    Column("state", "state"),
    # the next step below the reason: what can be typed is better not folded into a narrow column of its own
    Column("", lambda row: f"{row['detail']}\n→ {row['hint']}" if row["hint"] else row["detail"], fold=True),
)
