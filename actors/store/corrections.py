"""What a person says of a match against its site: `correct` it, and `take_back` what was said.

The states of a correction are drawn in migration 0014. A corrected value stands in the match itself; what the site
says is kept beside it and followed, by a trigger that every writer of a match passes (`corrections_stay`). So neither a
batch that is stored at the same moment nor one of an older version undoes a correction: both lock the match's row,
whoever is second sees what the first one did, and the order of observations decides between batches as ever.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool
from pydantic import ValidationError

from actors.errors import NoSuchMatch, NotCorrectable
from actors.models import MatchRow
from actors.store import news
from actors.store.columns import as_jsonb
from actors.store.database import Connection, transaction
from actors.store.payloads import storable
from actors.store.statements import statement
from contract.refusals import explain

#: The fields that can be corrected, in the order in which a person reads them.
CORRECTABLE: Final = (
    "home_score",
    "away_score",
    "home_penalties",
    "away_penalties",
    "status",
    "date",
    "kickoff",
    "location",
    "notes",
    "division",
)

#: Those that a match may be without.
OPTIONAL: Final = frozenset(CORRECTABLE) - {"status", "date"}

#: Characters of a reason, and of a person's name.
LONGEST_WHY: Final = 2000
LONGEST_BY: Final = 200

#: A value of a match: a number, text, or None where there is none. Dates and times are text, as in the contract.
Value = int | str | None


@dataclass(frozen=True, slots=True)
class Correction:
    """One field: what was shown before, what is shown now, and what the site says."""

    field: str
    before: Value
    now: Value
    site: Value


@dataclass(frozen=True, slots=True)
class Corrected:
    """What became of a match: `changes` of fields, and all fields that a person overrules now."""

    source: str
    match_id: str
    changes: tuple[Correction, ...]
    overruled: tuple[str, ...]


def source_of(connection: Connection, match_id: str, source: str | None = None) -> str:
    """The source that has the match; `source` where several have one of that number. Needs no more than to read.

    Raises NoSuchMatch.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("corrections/sources_of"), {"match_id": match_id})
        sources = [row["source"] for row in cursor]
    if source is not None and source in sources:
        return source
    if source is None and len(sources) == 1:
        return str(sources[0])
    if not sources:
        raise NoSuchMatch(f"no match {match_id!r} is stored", hint="`touchline matches` shows their numbers")
    where = ", ".join(sources)
    if source is None:
        raise NoSuchMatch(f"more than one source has a match {match_id!r}: {where}", hint="say which by --source")
    raise NoSuchMatch(f"the source {source!r} has no match {match_id!r}", hint=f"it is a match of: {where}")


def correct(
    store: ConnectionPool[Connection] | Connection,
    source: str,
    match_id: str,
    values: Mapping[str, Value],
    *,
    why: str,
    by: str,
) -> Corrected:
    """Overrule fields of a match: `values` is field → value as in the contract; all of them, or none.

    A field that is overruled already gets the new value. Raises NoSuchMatch, NotCorrectable; from a pool DatabaseAway
    or DatabaseBusy, from a connection what psycopg raises.
    """
    why, by = storable(_reason(why)), storable(_name(by))
    if not values:
        raise NotCorrectable("nothing is to be corrected: no field was named")
    for field in values:
        _check_field(field)
    at = {"source": source, "match_id": match_id}
    with _changing(store) as cursor:
        shown = _hold(cursor, source, match_id)
        standing = _open(cursor, at)
        site = {field: shown[field] for field in CORRECTABLE} | {
            field: _typed(field, row["site_value"]) for field, row in standing.items()
        }
        said = {field: _typed(field, row["value"]) for field, row in standing.items()} | dict(values)
        wanted = _checked({**shown, **site, **said}, f"{source} {match_id}")
        said = {field: wanted[field] for field in said}
        if isinstance(kickoff := said.get("kickoff"), str):
            said["kickoff"] = re.sub(r"\.\d+Z$", "Z", kickoff)  # the history tells of whole seconds
        for field in values:
            if said[field] == site[field]:
                hint = f"touchline match uncorrect {match_id} --field {field} --why …" if field in standing else ""
                raise NotCorrectable(f"the site says {_shown(site[field])} for {field} itself", hint=hint)
            if field in standing and _text(said[field]) == standing[field]["value"]:
                raise NotCorrectable(f"{field} is corrected to {_shown(said[field])} already")
        if {"date", "kickoff"} & values.keys():
            _check_day(wanted)
        replaced = [standing[field]["correction_id"] for field in values if field in standing]
        if replaced:
            cursor.execute(
                statement("corrections/end"), {"correction_ids": replaced, "how": "replaced", "by": by, "why": why}
            )
        begun = [
            {"field": field, "value": _text(said[field]), "site_value": _text(site[field])} for field in sorted(values)
        ]
        cursor.execute(statement("corrections/begin"), {**at, "corrections": as_jsonb(begun), "why": why, "by": by})
        return _show(cursor, at, shown, site)


def take_back(
    store: ConnectionPool[Connection] | Connection,
    source: str,
    match_id: str,
    fields: Collection[str] | None = None,
    *,
    why: str,
    by: str,
) -> Corrected:
    """Take back corrections of a match: of these fields, or all; what the site says of them is shown again.

    Raises as `correct`.
    """
    why, by = storable(_reason(why)), storable(_name(by))
    for field in fields or ():
        _check_field(field)
    at = {"source": source, "match_id": match_id}
    with _changing(store) as cursor:
        shown = _hold(cursor, source, match_id)
        standing = _open(cursor, at)
        taken = list(standing) if not fields else [field for field in CORRECTABLE if field in fields]
        if not taken:
            raise NotCorrectable(f"nothing of the match {match_id} is corrected")
        for field in taken:
            if field not in standing:
                raise NotCorrectable(
                    f"{field} of the match {match_id} is not corrected",
                    hint=f"corrected are: {', '.join(standing)}" if standing else "",
                )
        site = {field: shown[field] for field in CORRECTABLE} | {
            field: _typed(field, row["site_value"]) for field, row in standing.items()
        }
        left = {field: _typed(field, row["value"]) for field, row in standing.items() if field not in taken}
        _checked({**shown, **site, **left}, f"{source} {match_id}")
        ended = [standing[field]["correction_id"] for field in taken]
        cursor.execute(
            statement("corrections/end"), {"correction_ids": ended, "how": "taken_back", "by": by, "why": why}
        )
        return _show(cursor, at, shown, site)


@contextmanager
def _changing(store: ConnectionPool[Connection] | Connection) -> Iterator[psycopg.Cursor[DictRow]]:
    """A cursor in one transaction."""
    if isinstance(store, ConnectionPool):
        with transaction(store) as connection, connection.cursor(row_factory=dict_row) as cursor:
            yield cursor
    else:
        with store.transaction(), store.cursor(row_factory=dict_row) as cursor:
            yield cursor


def _hold(cursor: psycopg.Cursor[DictRow], source: str, match_id: str) -> DictRow:
    row = cursor.execute(statement("corrections/hold_match"), {"source": source, "match_id": match_id}).fetchone()
    if row is None:
        raise NoSuchMatch(
            f"the source {source!r} has no match {match_id!r}", hint="`touchline matches` shows their numbers"
        )
    return row


def _open(cursor: psycopg.Cursor[DictRow], at: Mapping[str, str]) -> dict[str, DictRow]:
    """The open corrections by field. The match's row is locked: nobody adds or ends one."""
    return {row["field"]: row for row in cursor.execute(statement("corrections/open"), at)}


def _show(
    cursor: psycopg.Cursor[DictRow], at: Mapping[str, str], before: DictRow, site: Mapping[str, Value]
) -> Corrected:
    cursor.execute(statement("corrections/show"), {**at, "site": as_jsonb(site)})
    news.recorded.set()  # the site may have come round meanwhile; costs a look
    now = _hold(cursor, at["source"], at["match_id"])
    changes = tuple(
        Correction(field, before[field], now[field], site[field])
        for field in CORRECTABLE
        if before[field] != now[field]
    )
    return Corrected(at["source"], at["match_id"], changes, tuple(_open(cursor, at)))


def _checked(match: Mapping[str, Any], which: str) -> dict[str, Any]:
    """The match as the contract has it. Raises NotCorrectable where the contract refuses it."""
    try:
        return MatchRow.model_validate(dict(match)).__dict__
    except ValidationError as error:
        _, sentence = explain(error.errors(include_url=False))
        raise NotCorrectable(
            f"the match {which} cannot be so: {sentence}",
            hint="correct what goes with it in one go, for example both scores and the status",
        ) from None


def _check_day(match: Mapping[str, Any]) -> None:
    """Whoever moves a match moves its date and its kick-off."""
    if match["date"] is None or match["kickoff"] is None:
        return
    try:
        zone = ZoneInfo(match["timezone"] or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return
    day = dt.datetime.fromisoformat(match["kickoff"]).astimezone(zone).date().isoformat()
    if match["timezone"] and day != match["date"]:
        raise NotCorrectable(
            f"the kick-off would be on {day} at the venue, and the date {match['date']}",
            hint="correct both in one go; a kick-off that is not known yet: none",
        )


def _check_field(field: str) -> None:
    if field not in CORRECTABLE:
        raise NotCorrectable(f"{field} cannot be corrected", hint=f"can be: {', '.join(CORRECTABLE)}")


def _reason(why: str) -> str:
    why = why.strip()
    if not why:
        raise NotCorrectable("the reason is empty: whoever comes after you will want to know why")
    if len(why) > LONGEST_WHY:
        raise NotCorrectable(f"the reason is longer than {LONGEST_WHY} characters")
    return why


def _name(by: str) -> str:
    by = by.strip()
    if not by or len(by) > LONGEST_BY:
        raise NotCorrectable(f"who says so is empty, or longer than {LONGEST_BY} characters")
    return by


def _typed(field: str, text: str | None) -> Value:
    return int(text) if text is not None and field.endswith(("_score", "_penalties")) else text


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _shown(value: Value) -> str:
    return "nothing" if value is None else str(value)


def fields_in_order(fields: Sequence[str]) -> list[str]:
    """`fields` as a person reads them."""
    return sorted(fields, key=CORRECTABLE.index)
