"""Stores one batch of matches in one transaction: inbox, clubs, teams, matches, history, dead rows, counts.

The order of observations decides, not the order of arrival. A part's *frontier* is the newest observation that a batch
was stored of. Batches of that observation hold its row in common and run side by side; a batch of a newer or an older
one holds it alone. So nobody changes a match while another decides that it is unchanged, and a match that was seen
unchanged costs no write of its own: one *sighting* a batch remembers them all, and only a late message (older than the
frontier) has to look there. docs/decisions.md, "A newer observation counts even if it changed nothing".

A row that is listed as its match was last written needs one look-up and no comparison (`actors.store.fingerprints`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg_pool import ConnectionPool

from actors import metrics
from actors.store.columns import as_jsonb, columns_of
from actors.store.counts import Counts
from actors.store.database import REFUSED, Connection, transaction
from actors.store.dead import DeadRow, bury_rows, uncount
from actors.store.fingerprints import fingerprint
from actors.store.frontier import pass_frontier
from actors.store.inbox import claim
from actors.store.runs import conclude, count_batch
from actors.store.statements import statement
from actors.store.teams import clubs_of, team_key, teams_of
from contract.names import MATCHES, STORE_MATCHES

#: How often the comparison is asked again for rows that somebody else inserted in between. Each time at least one
#: other transaction has committed, so that the second answer is nearly always the last.
_AGAIN = 5

_UPDATED: Final = "updated"
_UNCHANGED: Final = "unchanged"

#: Match id → verdict, and whether this observation is newer than the one that the stored values come from.
Verdicts = dict[str, tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class BatchOf:
    """What all rows of a batch have in common. Times are text, UTC."""

    message_id: UUID
    run_id: UUID
    source: str
    part: str
    observed_at: str


def store_batch(
    pool: ConnectionPool[Connection], batch: BatchOf, rows: Sequence[Mapping[str, Any]], bad: Iterable[DeadRow]
) -> Counts | None:
    """Store `rows`, bury `bad`, count both for the run. None where the message was stored before.

    `rows` hold every field of the contract's match (None for absent). A row that the database itself refuses is buried
    like a bad one. Raises DatabaseAway; then nothing was stored.
    """
    bad = list(bad)
    try:
        return _store(pool, batch, rows, bad, careful=False)
    except REFUSED:
        # validation let something through that the database does not take: find out which row it is
        return _store(pool, batch, rows, bad, careful=True)


def _store(
    pool: ConnectionPool[Connection],
    batch: BatchOf,
    rows: Sequence[Mapping[str, Any]],
    bad: Sequence[DeadRow],
    *,
    careful: bool,
) -> Counts | None:
    with transaction(pool) as connection:
        claimed = claim(connection, batch.message_id, batch.observed_at)
        if claimed is None:
            return None
        late = pass_frontier(connection, source=batch.source, part=batch.part, observed_at=batch.observed_at)
        refused: list[DeadRow] = []
        if careful:
            counts = _store_apart(connection, batch, rows, late=late, refused=refused)
        else:
            counts = _store_rows(connection, batch, rows, late=late)
        counts.dead += len(bad) + len(refused)
        bury_rows(
            connection,
            [*bad, *refused],
            queue=MATCHES,
            actor=STORE_MATCHES,
            message_id=batch.message_id,
            run_id=batch.run_id,
            source=batch.source,
            part=batch.part,
            observed_at=batch.observed_at,
        )
        uncount(connection, batch.run_id, claimed.revived)
        verdict = count_batch(connection, batch.run_id, batch.source, counts)
    metrics.count_matches(batch.source, counts)
    conclude(pool, verdict)
    return counts


def _store_apart(
    connection: Connection, batch: BatchOf, rows: Sequence[Mapping[str, Any]], *, late: bool, refused: list[DeadRow]
) -> Counts:
    """Store by halves, each in a savepoint, until the rows that the database refuses stand alone."""
    try:
        with connection.transaction():
            return _store_rows(connection, batch, rows, late=late)
    except REFUSED as error:
        if len(rows) == 1:
            said = str(error).splitlines()[0]
            refused.append(DeadRow(rows[0]["match_id"], "refused_by_database", f"the database says: {said}", rows[0]))
            return Counts()
        middle = len(rows) // 2
        counts = _store_apart(connection, batch, rows[:middle], late=late, refused=refused)
        counts += _store_apart(connection, batch, rows[middle:], late=late, refused=refused)
        return counts


def _store_rows(connection: Connection, batch: BatchOf, rows: Sequence[Mapping[str, Any]], *, late: bool) -> Counts:
    if not rows:
        return Counts()
    listed = {row["match_id"]: row for row in rows}
    # the same match twice in one batch: the last word counts, the words before it are old
    counts = Counts(stale=len(rows) - len(listed))
    prints = {match_id: None if late else fingerprint(row) for match_id, row in listed.items()}
    verdicts = {} if late else _listed_as_stored(connection, batch, prints)
    latest = {id_: _with_keys(row, prints[id_]) for id_, row in listed.items() if id_ not in verdicts}
    if latest:
        verdicts |= _store_news(connection, batch, latest, late=late)
    for verdict, _ in verdicts.values():
        setattr(counts, verdict, getattr(counts, verdict) + 1)
    seen = sorted(match_id for match_id, (verdict, newer) in verdicts.items() if verdict == _UNCHANGED and newer)
    if seen:
        at = {"source": batch.source, "observed_at": batch.observed_at, "match_ids": seen}
        connection.execute(statement("store/record_sighting"), at)
    return counts


def _store_news(
    connection: Connection, batch: BatchOf, latest: Mapping[str, Mapping[str, Any]], *, late: bool
) -> Verdicts:
    """Teams, clubs and matches of the rows that are not as they were when they were stored."""
    named = {"source": batch.source, "late": late, "run_id": batch.run_id}
    connection.execute(statement("store/upsert_clubs"), {**named, "clubs": as_jsonb(clubs_of(latest.values()))})
    connection.execute(statement("store/upsert_teams"), {**named, "teams": as_jsonb(teams_of(latest.values()))})
    seen_later = _seen_later(connection, batch, latest) if late else []
    verdicts = _compare(connection, batch, latest, seen_later)
    changed = [match_id for match_id, (verdict, _) in verdicts.items() if verdict == "changed"]
    if changed:
        verdicts |= _update(connection, batch, {match_id: latest[match_id] for match_id in changed}, seen_later)
    return verdicts


def _listed_as_stored(connection: Connection, batch: BatchOf, prints: Mapping[str, str | None]) -> Verdicts:
    """The rows with the fingerprint that their match was written with: all of them unchanged."""
    cursor = connection.execute(
        statement("store/listed_as_stored"),
        {
            "source": batch.source,
            "part": batch.part,
            "observed_at": batch.observed_at,
            "fingerprints": as_jsonb(prints),
        },
    )
    return {match_id: (_UNCHANGED, newer) for match_id, newer in cursor}


def _compare(
    connection: Connection, batch: BatchOf, rows: Mapping[str, Mapping[str, Any]], seen_later: list[str]
) -> Verdicts:
    """Insert what is new, and compare the rest. Every row comes back as inserted, unchanged, changed or stale."""
    verdicts: Verdicts = {}
    for _ in range(_AGAIN):
        left = [row for match_id, row in rows.items() if match_id not in verdicts]
        if not left:
            return verdicts
        cursor = connection.execute(
            statement("store/insert_and_compare"),
            {
                "source": batch.source,
                "part": batch.part,
                "observed_at": batch.observed_at,
                "matches": as_jsonb(map(columns_of, left)),
                "seen_later": seen_later,
            },
        )
        verdicts |= {match_id: (verdict, newer) for match_id, verdict, newer in cursor if verdict != "again"}
    if len(verdicts) < len(rows):
        raise AssertionError("a match is neither there nor can it be inserted")
    return verdicts


def _update(
    connection: Connection, batch: BatchOf, rows: Mapping[str, Mapping[str, Any]], seen_later: list[str]
) -> Verdicts:
    """Write the changed rows. One that somebody else changed meanwhile is compared again, now that it is locked."""
    connection.execute(statement("store/lock_matches"), {"source": batch.source, "match_ids": sorted(rows)})
    cursor = connection.execute(
        statement("store/update_matches"),
        {
            "source": batch.source,
            "part": batch.part,
            "observed_at": batch.observed_at,
            "run_id": batch.run_id,
            "matches": as_jsonb(map(columns_of, rows.values())),
            "match_ids": list(rows),
        },
    )
    # where only the part differs that lists it, or the wording, nothing about the match has changed
    verdicts: Verdicts = {match_id: (_UPDATED if differs else _UNCHANGED, newer) for match_id, differs, newer in cursor}
    overtaken = {match_id: row for match_id, row in rows.items() if match_id not in verdicts}
    return verdicts | _compare(connection, batch, overtaken, seen_later)


def _seen_later(connection: Connection, batch: BatchOf, rows: Iterable[str]) -> list[str]:
    at = {"source": batch.source, "observed_at": batch.observed_at, "match_ids": list(rows)}
    return [match_id for (match_id,) in connection.execute(statement("store/seen_later"), at)]


def _with_keys(row: Mapping[str, Any], print_: str | None) -> dict[str, Any]:
    keys = {"home_team_key": team_key(row, "home"), "away_team_key": team_key(row, "away")}
    return {**row, **keys, "fingerprint": print_}
