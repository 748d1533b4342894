"""`touchline migrate`: the schema of the database."""

from __future__ import annotations

import click

from touchline import options
from touchline.output import say
from touchline.settings import start


@click.command(cls=options.Command, epilog=options.examples("touchline migrate", "touchline migrate --check"))
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if the database is behind.")
@click.pass_context
def migrate(context: click.Context, check: bool) -> None:
    """Bring the database up to date: create or change Touchline's tables and views.

    It happens whole or not at all, and two at once wait for each other. The names of the applied migrations are
    printed, one a line. Where the roles touchline_writer and touchline_reader exist, they are granted anew what they
    may do, also if nothing else is to be done; only the owner of the tables may do this. The rules of league tables are
    written anew as well, ours and those of the settings.
    """
    settings = start()

    from actors.store import migrations
    from contract.places import database_url

    url = database_url(settings)

    names = migrations.pending(url) if check else migrations.upgrade(url)
    for name in names:
        click.echo(name)
    if not names:
        say("The database is up to date.")
    elif check:
        say(f"The database lacks {len(names)} of the migrations. Run: touchline migrate")
        context.exit(1)
    else:
        say(f"The database is up to date; {len(names)} applied.")
