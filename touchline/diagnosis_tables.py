"""What `touchline doctor` says of league tables: by which rules they are made, and whether the official ones agree."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from touchline.diagnosis_findings import Finding
from touchline.output import counted

if TYPE_CHECKING:
    from contract.settings import Settings

#: More than these are counted.
_SHOWN = 5


def examine_tables(settings: Settings, url: str) -> Iterator[Finding]:
    """Findings on the rules in the database, and on tables that disagree with the official ones."""
    from actors.store.database import connect
    from actors.store.reading import reading
    from actors.store.rules import differing

    with connect(url) as connection:
        other = differing(connection, settings.tables)
        with reading(connection, "disagreements") as found:
            rows = list(found.rows)
    if other:
        yield Finding(
            "rules of tables",
            "not ok",
            f"the database makes the tables of {', '.join(other)} by other rules than these settings say",
            "if these settings are the right ones, run with them: touchline migrate",
        )
    else:
        yield Finding("rules of tables", "ok", "those of these settings")
    yield from _official(rows)


def _official(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    if not rows:
        yield Finding("official tables", "not used", "none was compared yet; to look now: touchline table --official")
        return
    bad = [row for row in rows if row["sentence"] is not None]
    if not bad:
        held = {row["source"]: row for row in rows}
        said = [
            f"{counted(row['tables'], 'table')} of {source}, compared {row['compared_at']:%Y-%m-%d %H:%M} UTC"
            for source, row in held.items()
        ]
        yield Finding("official tables", "ok", "no disagreement: " + "; ".join(said))
    for row in bad[:_SHOWN]:
        which = " ".join(part for part in (row["league"], row["age_group"], row["division"], row["season"]) if part)
        detail = f"{which}, since {row['since']:%Y-%m-%d %H:%M} UTC: {row['sentence']}"
        yield Finding(f"official tables of {row['source']}", "not ok", detail, f"see: {_command(row)}")
    if len(bad) > _SHOWN:
        left = f"{counted(len(bad) - _SHOWN, 'more table')} disagree with the official ones"
        yield Finding("official tables", "not ok", left, "see: touchline table --official")


def _command(row: Mapping[str, Any]) -> str:
    words = ["touchline", "table", "--official", "--age-group", row["age_group"], "--division", row["division"]]
    if row["league"]:
        words += ["--league", row["league"]]
    return shlex.join([*words, "--season", row["season"]])
