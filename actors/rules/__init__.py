"""How the tables of each league are made: one file a league here, and what `[tables.LEAGUE]` of the settings replaces.

The files say what counts, what it is worth and what decides between teams that are level (docs/tables.md); the source
of each rule is SOURCES.md, section 1, "League tables". The database gets them by `touchline migrate`
(actors.store.rules), and makes the tables by them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from contract.tables import DEFAULT, OwnRules, TableRules


def shipped() -> dict[str, TableRules]:
    """The rules that come with us, by league; `default` holds for all others."""
    return {
        path.stem: TableRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(Path(__file__).parent.glob("*.toml"))
    }


def rules(own: Mapping[str, OwnRules]) -> dict[str, TableRules]:
    """The rules of every league that has any: ours, and what `own` says over them, or over the default ones."""
    known = shipped()
    if DEFAULT in own:
        known[DEFAULT] = own[DEFAULT].over(known[DEFAULT])
    for league, said in own.items():
        if league != DEFAULT:
            known[league] = said.over(known.get(league, known[DEFAULT]))
    return known
