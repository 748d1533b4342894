"""`touchline demo`: the main job, seen from outside.

It runs the very commands that a user types, against a site that this process serves: workers and scrapes as processes
of their own, those that only look in this one. What it shows can be repeated by hand, because nothing else happens.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from contract.errors import ConfigurationError, TouchlineError
from touchline import options

if TYPE_CHECKING:
    from contract.embedded import EmbeddedPostgres
    from contract.settings import Settings
    from touchline.demo.incidents import Weekend
    from touchline.demo.league import League
    from touchline.demo.model import Bracket
    from touchline.demo.site import DemoSite

#: Where in the home the demo keeps its own: it is made anew each time, and nothing else of the home is touched.
_FOLDER: Final = "demo"

#: What tells a folder that the demo made, and may remove, from any other.
_MARK: Final = ".touchline-demo"

#: The demo is about what needs no set-up: whatever is configured here is none of its business.
_NOT_OURS: Final = ("DATABASE_URL", "DATABASE_URL_FILE", "RABBITMQ_URL", "RABBITMQ_URL_FILE", "TOUCHLINE_CONFIG")


@click.command(
    cls=options.Command,
    epilog=options.examples("touchline demo", "touchline demo --scale 1.0", "touchline demo --seed 8"),
)
@click.option(
    "--scale",
    type=click.FloatRange(0.01, 1.0),
    default=None,
    metavar="SHARE",
    help="Size of the league as a share of the real one's 24,628 matches.  [default: 0.06, about 1,500]",
)
@click.option("--seed", type=int, default=7, show_default=True, metavar="NUMBER", help="Another seed, another league.")
def demo(scale: float | None, seed: int) -> None:
    """See the main job done: an invented league, its site, workers, and a database under the home.

    A weekend passes while you watch: scores appear, one match is postponed and one moved. The data stays until the next
    demo, to be looked at; nothing is left running. No address that is configured here is used.
    """
    from touchline.demo.league import DEFAULT_SCALE, League
    from touchline.demo.site import DemoSite

    league = League(seed=seed, scale=scale or DEFAULT_SCALE)
    weekend = league.weekend()
    home = _fresh_home()
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    os.environ["TOUCHLINE_HOME"] = str(home)
    # the demo's own settings are the defaults: not those of a file that happens to be in this directory
    (home / "touchline.toml").touch()
    os.environ["TOUCHLINE_CONFIG"] = str(home / "touchline.toml")
    with DemoSite(league, weekend.before) as site:
        os.environ["TOUCHLINE_MLSNEXT_URL"] = site.url
        _show(league, weekend, site, home)


def _show(league: League, weekend: Weekend, site: DemoSite, home: Path) -> None:
    from actors.store import migrations
    from contract import places
    from contract.settings import load
    from touchline.demo.look import Look
    from touchline.workers import Worker, Workers

    settings = load()
    _say(f"An invented league of {league.matches:,} matches, season {league.season}.")
    click.echo(f"Site      {site.url}, in the formats of the real one")
    look = Look(settings, site.url, home / "site.png")
    migrations.upgrade(places.database_url(settings))
    click.echo(f"Database  an embedded PostgreSQL in {home}, which is the queue as well")
    log = home / "workers.log"
    with Workers([Worker("workers", log, threads=4, grace=settings.shutdown_grace)]) as workers:
        click.echo(f"Workers   dramatiq actors, 1 process; their log is {log}")
        _say(f"It is {weekend.before:%A, %d %B %Y}. Everything that the site lists is read and stored:")
        read = ["scrape", "mlsnext", "--season", league.season, "--wait"]
        _run(*read)
        bracket = _bracket_of(league, int(weekend.moved))
        table = ["table", "--league", "homegrown", "--age-group", bracket.age, "--division", bracket.name]
        _say("The league table of one division, counted from the results:")
        _run(*table)
        click.echo(look.sentence())
        if keys := _keys(settings):
            click.echo(f"What it was seen to load is what was read: {', '.join(keys)}")
        site.show(weekend.after)
        _say(f"The weekend passes. On {weekend.after:%A, %d %B} the site is read again:")
        _run(*read)
        # they need a second or two for that, in which there is something to read
        workers.ask_to_stop()
        _say("One match was postponed, and keeps the date it was due on; one was moved:")
        _run("changes", "--match", weekend.postponed)
        _run("changes", "--match", weekend.moved)
        _say("And the results came in, here those of one team:")
        _run("changes", "--team", bracket.members[0].club.name, "--field", "home_score", "--field", "away_score")
    program = _program()
    _say("That was it: nothing runs any more, and the data is still there. To look at it in a browser:")
    click.echo(f"  {shlex.join([program, '--home', str(home), 'console'])}")
    _say("Or here:")
    for command in (table, ["matches", "--team", bracket.members[0].club.name], ["runs"]):
        click.echo(f"  {shlex.join([program, '--home', str(home), *command])}")


def _keys(settings: Settings) -> list[str]:
    """The feeds that the run has seen the page load, in a browser of its own; none where it had none."""
    from ingest.http import Fetcher
    from ingest.remembered import Remembered
    from ingest.sources.mlsnext import MLSNext

    fetcher = Fetcher(remembered=Remembered(settings.home, MLSNext.name))
    return MLSNext.make(settings.source(MLSNext.name)).discovery.remembered(fetcher)


def _fresh_home() -> Path:
    """An empty folder for this demo. Raises ConfigurationError where something else stands there."""
    from contract.embedded import EmbeddedPostgres
    from contract.settings import load

    home = load().home / _FOLDER
    if home.exists():
        if not (home / _MARK).is_file():
            raise ConfigurationError(f"{home} was not made by a demo", hint="move it away, or choose another --home")
        _stop_leftover(EmbeddedPostgres(home))
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / _MARK).touch()
    return home


def _stop_leftover(server: EmbeddedPostgres) -> None:
    """A demo that was killed has left its server running; who joins it and leaves it stops it."""
    if not server.status().running:
        return
    server.start()
    server.release()
    if server.status().running:
        raise ConfigurationError("another demo is running in this home", hint="wait for it, or choose another --home")


def _bracket_of(league: League, number: int) -> Bracket:
    fixture = next(fixture for fixture in league.feeds["homegrown"].fixtures if fixture.number == number)
    assert fixture.bracket is not None, "a weekend's matches stand in a bracket"
    return fixture.bracket


def _run(*arguments: str) -> None:
    """Run a command, having shown what is typed for it. Raises TouchlineError if it fails."""
    from touchline.cli import main

    click.secho(f"$ touchline {shlex.join(arguments)}", bold=True)
    sys.stdout.flush()
    asked = [*arguments, "--output", "table"]
    if arguments[0] == "scrape":
        command = [sys.executable, "-m", "touchline", *asked]
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - our own program
    else:
        code = main(asked)
    if code != 0:
        raise TouchlineError(f"touchline {arguments[0]} ended with {code}", hint="run: touchline doctor")


def _program() -> str:
    """How this program is called from the shell that called this: make runs it without activating its environment."""
    beside = Path(sys.executable).with_name("touchline")
    activated = os.environ.get("VIRTUAL_ENV") == sys.prefix
    if activated or not beside.exists():
        return "touchline"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def _say(sentence: str) -> None:
    click.echo()
    click.echo(sentence)
