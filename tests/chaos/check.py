"""Holds a world's database and queues against its model: what is lost, what is doubled, what is dead."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.model import COLUMNS, Account, Change, Letter
from tests.chaos.world import World

_MATCHES: Final = (Path(__file__).parent / "matches.sql").read_text(encoding="utf-8")
_RUNS: Final = (
    "SELECT run_id::text, state, found, inserted, updated, unchanged, stale, dead, coalesce(error, '') FROM runs"
)
_COUNTS: Final = ("found", "inserted", "updated", "unchanged", "stale", "dead")


@dataclass(slots=True)
class Verdict:
    """Numbers for the table; `differences` says each in words."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    dead: int = 0
    expected_dead: int = 0
    differences: list[str] = field(default_factory=list)


def judge(world: World) -> Verdict:
    """What came of everything that was sent. All processes have ended."""
    verdict = Verdict(messages=len(world.ledger.sent()))
    # what died tells more than what is missing for it
    _letters(world, verdict)
    _runs(world, verdict)
    _changes(world, verdict)
    _matches(world, verdict)
    left = world.in_queues()
    if left:
        verdict.lost += left
        verdict.differences.append(f"{left} messages are left in the queues")
    return verdict


def _matches(world: World, verdict: Verdict) -> None:
    stored = {row[0]: (dict(zip(COLUMNS, row[2:], strict=True)), row[1]) for row in world.query(_MATCHES)}
    for match_id, (columns, observed_at) in world.ledger.matches.items():
        if match_id not in stored:
            verdict.lost += 1
            verdict.differences.append(f"match {match_id} is missing")
            continue
        found, at = stored.pop(match_id)
        wrong = [f"{name}: {found[name]!r}, not {columns[name]!r}" for name in COLUMNS if found[name] != columns[name]]
        if at != observed_at:
            wrong.append(f"observed at {at}, not {observed_at}")
        if wrong:
            verdict.lost += 1
            verdict.differences.append(f"match {match_id}: {'; '.join(wrong)}")
    for match_id in stored:
        verdict.doubled += 1
        verdict.differences.append(f"match {match_id} is none of those that were sent")


def _changes(world: World, verdict: Verdict) -> None:
    rows = world.query("SELECT match_id, field, old, new, run_id::text FROM touchline.changes")
    found = Counter(Change(*row) for row in rows)
    for change in (world.ledger.changes - found).elements():
        verdict.lost += 1
        verdict.differences.append(f"missing in the history: {change}")
    for change in (found - world.ledger.changes).elements():
        verdict.doubled += 1
        verdict.differences.append(f"too much in the history: {change}")


def _runs(world: World, verdict: Verdict) -> None:
    found = {row[0]: row for row in world.query(_RUNS)}
    for run_id, account in world.ledger.runs.items():
        row = found.pop(run_id, None)
        if row is None:
            verdict.lost += 1
            verdict.differences.append(f"run {run_id} is unknown")
            continue
        _run(run_id, account, row, verdict)
    for run_id, row in found.items():
        verdict.doubled += 1
        verdict.differences.append(f"run {run_id} is none of those that were sent: {row}")


def _run(run_id: str, account: Account, row: tuple[object, ...], verdict: Verdict) -> None:
    state, counts, error = row[1], dict(zip(_COUNTS, row[2:8], strict=True)), row[8]
    expected = {name: getattr(account, name) for name in _COUNTS}
    if counts != expected:
        ended = sum(int(str(counts[name])) for name in _COUNTS[1:])
        verdict.lost += max(0, account.found - ended)
        # as many rows as there should be, but counted as something else: something was done twice or not at all
        verdict.doubled += max(ended - account.found, 0) or (1 if ended == account.found else 0)
        verdict.differences.append(f"run {run_id} counts {counts}, not {expected}")
    if state != account.state:
        verdict.lost += 1
        verdict.differences.append(f"run {run_id} is {state} ({error}), not {account.state}")


def _letters(world: World, verdict: Verdict) -> None:
    rows = world.query(
        "SELECT kind, coalesce(CASE kind WHEN 'match' THEN match_id END, message_id::text, ''), reason"
        " FROM touchline.dead WHERE state = 'open'"
    )
    found = Counter(Letter(*row) for row in rows)
    expected = Counter(world.ledger.letters)
    # who cannot know the id of what is no message expects any
    for letter in [letter for letter in expected if letter.key == "*"]:
        alike = [other for other in found if (other.kind, other.reason) == (letter.kind, letter.reason)]
        for other in alike[: expected[letter]]:
            expected[letter] -= 1
            expected[other] += 1
    verdict.dead, verdict.expected_dead = found.total(), len(world.ledger.letters)
    for letter in (expected - found).elements():
        verdict.differences.append(f"not among the dead letters: {letter}")
    for letter in (found - expected).elements():
        verdict.differences.append(f"dead, and should not be: {letter}{_why(world, letter)}")


def _why(world: World, letter: Letter) -> str:
    rows = world.query("SELECT error FROM touchline.dead WHERE reason = %s LIMIT 1", letter.reason)
    return f" ({rows[0][0]})" if rows else ""
