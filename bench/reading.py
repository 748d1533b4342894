"""How long people and programs wait who ask a store of a dozen seasons: each query of the commands, and each view.

`make bench-reading`: a store of 1,000,000 matches and 5,000,000 changes, and one of 10,000 beside it; half of the
answers and 99 of 100 come within the times shown. Each question is asked about another team, day or division each time.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import psycopg

import tests.fix_environment  # noqa: F401 - takes the addresses of live systems out of the environment
from actors.store.reading import reading
from actors.store.tables import league_tables
from bench import report
from bench.history import fill
from bench.stage import Stage
from tests.chaos.__main__ import quiet

Connection = psycopg.Connection[Any]
Question = Callable[[Connection, random.Random], int]


def _command(query: str, **asked: Callable[[random.Random], Any]) -> Question:
    """What a command of the command line asks, to the last row that it shows."""

    def ask(connection: Connection, rng: random.Random) -> int:
        with reading(connection, query, **{name: draw(rng) for name, draw in asked.items()}) as found:
            return sum(1 for _ in found.rows)

    return ask


def _table(**asked: Callable[[random.Random], Any]) -> Question:
    """What `touchline table` asks."""

    def ask(connection: Connection, rng: random.Random) -> int:
        with league_tables(connection, **{name: draw(rng) for name, draw in asked.items()}) as found:
            return sum(1 for _ in found.rows)

    return ask


def _view(text: str, **asked: Callable[[random.Random], Any]) -> Question:
    """What somebody's own program asks a view."""

    def ask(connection: Connection, rng: random.Random) -> int:
        return len(connection.execute(text.encode(), {name: draw(rng) for name, draw in asked.items()}).fetchall())

    return ask


def _of(*values: Any) -> Callable[[random.Random], Any]:
    return lambda rng: rng.choice(values)


def _list(draw: Callable[[random.Random], Any]) -> Callable[[random.Random], list[Any]]:
    return lambda rng: [draw(rng)]


_LEAGUE = _of("homegrown", "flex", "academy")
_AGE = _of("U13", "U14", "U15")
#: As they are numbered in the smaller store, so that both are asked the same.
_DIVISION = _of("Division 0")
_TEAM = lambda rng: f"T{rng.randrange(96)}"  # noqa: E731
_MATCH = lambda rng: str(rng.randrange(1, 10_000))  # noqa: E731
_WEEKEND = lambda rng: f"2026-10-{rng.randrange(3, 25):02}"  # noqa: E731

QUESTIONS: Final[dict[str, Question]] = {
    "matches, the first 100": _command("matches", limit=_of(100)),
    "matches --team ID --season": _command("matches", teams=_list(_TEAM), season=_of("2026-27"), limit=_of(100)),
    "matches --team NAME": _command("matches", teams=_list(lambda rng: f"club {rng.randrange(9)}"), limit=_of(100)),
    "matches --league --age-group --division --season": _command(
        "matches",
        leagues=_list(_LEAGUE),
        age_groups=_list(_AGE),
        divisions=_list(_DIVISION),
        season=_of("2025-26"),
        limit=_of(100),
    ),
    "matches --from --to, up to three weeks": _command(
        "matches", date_from=_WEEKEND, date_to=_of("2026-10-25"), limit=_of(100)
    ),
    "matches --since, the last week": _command("matches", since=_of("2026-10-25T00:00:00Z"), limit=_of(100)),
    "matches --season, all of it": _command("matches", season=_of("2025-26")),
    "table --league --age-group --division": _table(
        leagues=_list(_LEAGUE), age_groups=_list(_AGE), divisions=_list(_DIVISION)
    ),
    "table --league --season, all divisions": _table(leagues=_list(_LEAGUE), season=_of("2025-26")),
    "changes --since, a day": _command("changes", since=_of("2026-10-31T00:00:00Z"), limit=_of(100)),
    "changes --since, a week": _command("changes", since=_of("2026-10-25T00:00:00Z"), limit=_of(100)),
    "changes --match": _command("changes", match=_MATCH, limit=_of(100)),
    "changes --team ID, the first 100": _command("changes", teams=_list(_TEAM), limit=_of(100)),
    "teams --season --league": _command("teams", season=_of("2026-27"), leagues=_list(_LEAGUE), limit=_of(100)),
    "runs, the last 20": _command("runs", limit=_of(20)),
    "view match_list, one match": _view(
        "SELECT * FROM match_list WHERE source = 'history' AND match_id = %(match)s", match=_MATCH
    ),
    "view match_list, a team's season": _view(
        "SELECT * FROM match_list WHERE source = 'history' AND season = '2026-27'"
        " AND %(team)s IN (home_team_id, away_team_id)",
        team=_TEAM,
    ),
    "view match_list, a day": _view("SELECT * FROM match_list WHERE date = %(day)s", day=_WEEKEND),
    "view match_changes, one match": _view(
        "SELECT * FROM match_changes WHERE source = 'history' AND match_id = %(match)s", match=_MATCH
    ),
    "view match_changes, an hour": _view(
        "SELECT * FROM match_changes WHERE changed_at BETWEEN %(day)s::date + interval '15 h' AND %(day)s::date"
        " + interval '16 h'",
        day=_WEEKEND,
    ),
    "view standings, a table": _view(
        "SELECT * FROM standings WHERE source = 'history' AND season = '2025-26' AND league = %(league)s"
        " AND division = %(division)s AND age_group = %(age)s",
        league=_LEAGUE,
        division=_DIVISION,
        age=_AGE,
    ),
    "view runs, a day": _view("SELECT * FROM runs WHERE started_at >= '2026-10-31'"),
    "view dead_letters, open (there is none)": _view("SELECT * FROM dead_letters WHERE state = 'open'"),
}


def sizes(connection: Connection) -> list[tuple[str, float, int]]:
    """Each table of the matches and each index of it, in megabytes, and how often the index was used."""
    rows = connection.execute("""
        SELECT relname, pg_table_size(relid) / 1e6, 0 FROM pg_stat_user_tables
        WHERE relname IN ('matches', 'changes', 'teams', 'divisions')
        UNION ALL
        SELECT relname || ': ' || indexrelname, pg_relation_size(indexrelid) / 1e6, idx_scan FROM pg_stat_user_indexes
        WHERE relname IN ('matches', 'changes', 'teams', 'divisions')
        ORDER BY 1""").fetchall()
    return [(name, float(megabytes), scans) for name, megabytes, scans in rows]


def measure(
    stage: Stage, matches: int, repeat: int, seconds: float, found: list[tuple[str, float, int]]
) -> Iterator[dict[str, Any]]:
    """Of each question: milliseconds for the median and the 99th percentile, and the rows of an answer.

    `found` is filled with the sizes of tables and indexes when all has been asked.
    """
    with stage.place() as place, place.connect() as connection:
        fill(connection, matches)
        for name, ask in QUESTIONS.items():
            rng = random.Random(1)
            taken, rows, until = [], [], time.monotonic() + seconds
            ask(connection, rng)  # pages and plans: who asks once is not who is measured
            while len(taken) < 3 or (len(taken) < repeat and time.monotonic() < until):
                begun = time.perf_counter()
                rows.append(ask(connection, rng))
                taken.append(1000 * (time.perf_counter() - begun))
            yield {
                "question": name,
                "matches": matches,
                "p50": statistics.median(taken),
                "p99": statistics.quantiles(taken, n=100, method="inclusive")[98],
                "rows": statistics.median(rows),
                "asked": len(taken),
            }
            sys.stderr.write(f"bench: {name}: {statistics.median(taken):.1f} ms\n")
        time.sleep(1.5)  # a session hands its statistics on once a second
        found[:] = sizes(connection)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench-reading", description=__doc__)
    parser.add_argument("--matches", type=int, default=1_000_000, help="in the larger store (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=200, help="times that each is asked, at most")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each question, at most")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true")
    shown.add_argument("--markdown", action="store_true")
    given = parser.parse_args(arguments)
    found: list[tuple[str, float, int]] = []
    with quiet(), Stage() as stage:
        small, large = (
            list(measure(stage, matches, given.repeat, given.seconds, found)) for matches in (10_000, given.matches)
        )
        said = report.circumstances(stage.versions, given.repeat)
    if given.json:
        sys.stdout.write(json.dumps({**said, "rows": [*small, *large], "sizes": found}, indent=2) + "\n")
        return 0
    head = ("question", "rows", "10,000: p50", "p99", f"{given.matches:,}: p50", "p99")
    cells = [
        [b["question"], f"{b['rows']:,.0f}", *(f"{row[p]:.1f} ms" for row in (a, b) for p in ("p50", "p99"))]
        for a, b in zip(small, large, strict=True)
    ]
    report.grid(head, cells, said, as_markdown=given.markdown)
    weighed = [[name, f"{megabytes:,.1f} MB", f"{scans:,}"] for name, megabytes, scans in found]
    report.grid(("table, index", "size", "times used"), weighed, said, as_markdown=given.markdown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
