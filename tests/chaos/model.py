"""What must be in the store at the end: matches, history, runs and dead letters, worked out without its SQL.

A *track* is a few matches that are observed again and again, each observation by a run of its own. Where the next
observation is sent only when the one before is stored, the history is determined to the row, whatever is killed in
between: that is how the load sends them. Everything random comes from the track's own generator.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

SOURCE: Final = "chaos"
SEASON: Final = "2026-27"
LEAGUE: Final = "homegrown"

#: The columns of a stored match, each as text, in the order in which `check.sql` reads them.
COLUMNS: Final = (
    "season", "league", "match_type", "division", "age_group", "date", "kickoff", "timezone", "home_team_key",
    "away_team_key", "home_score", "away_score", "home_penalties", "away_penalties", "status", "location", "round",
    "notes", "url",
)  # fmt: skip
#: How the history names a column, where it does so differently.
_FIELD: Final = {"home_team_key": "home_team_id", "away_team_key": "away_team_id"}

_EPOCH: Final = datetime(2026, 9, 1, tzinfo=UTC)
_VENUES: Final = ("Field 1", "Zürich Nord", 'The "Pitch"', "O'Hara Park", "体育场", "Row\tA")

Row = dict[str, Any]
Columns = dict[str, str | None]


class Change(NamedTuple):
    """One row of history."""

    match_id: str
    field: str
    old: str | None
    new: str | None
    run_id: str


class Letter(NamedTuple):
    """A dead letter that has to be there: of a row by its match, of a message by its id."""

    kind: str
    key: str
    reason: str


@dataclass(slots=True)
class Account:
    """What a run's row has to say."""

    found: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    dead: int = 0
    state: str = "succeeded"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that the source cannot express; it ends among the dead letters."""

    match_id: str


@dataclass(slots=True)
class Observation:
    """One run: what it says of which part, and what has to come of it."""

    run_id: UUID
    observed_at: str
    parts: dict[str, list[Row | RejectedRow]]
    account: Account
    changes: list[Change] = field(default_factory=list)
    #: Match id → its columns and the observation that they come from, where this run is the one that says it.
    stored: dict[str, tuple[Columns, str]] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(len(rows) for rows in self.parts.values())


class Track:
    """A few matches over time."""

    def __init__(self, name: str, rng: random.Random, *, parts: int = 3, matches: int = 12) -> None:
        self.name = name
        self._rng = rng
        self._parts = [f"{name}-{number}" for number in range(parts)]
        self._rows: dict[str, Row] = {}
        self._of: dict[str, str] = {}
        self._known: dict[str, tuple[Columns, str]] = {}
        self._time = 0
        self._first = matches

    def observe(self) -> Observation:
        """The next observation: some matches are new, some have changed, one row in a while is none."""
        self._time += 10
        for _ in range(self._first if not self._rows else self._rng.choice((0, 0, 1, 2))):
            self._appear()
        return self._say(self._rows if self._time == 10 else self._evolve(), self._time)

    def late(self) -> Observation:
        """An older observation, with other values, that arrives after the newest: all of it is stale."""
        observation = self._begin(self._time - 5)
        for match_id in self._known:
            row = dict(self._rows[match_id], notes=f"late {self._rng.randrange(10**6)}")
            observation.parts[self._of[match_id]].append(row)
        observation.account.stale = observation.account.found = observation.rows
        return observation

    def again(self) -> Observation:
        """The last observation again, a little later, as another run reads it; what comes of it is not said."""
        self._time += 1
        observation = self._begin(self._time)
        for match_id, row in self._rows.items():
            observation.parts[self._of[match_id]].append(row)
            observation.stored[match_id] = (self._known[match_id][0], observation.observed_at)
        observation.account.found = observation.rows
        return observation

    def state(self) -> dict[str, tuple[Columns, str]]:
        """What an observation of now would store of each match, if it were the first."""
        observed_at = self._begin(self._time).observed_at
        return {match_id: (columns_of(row, None), observed_at) for match_id, row in self._rows.items()}

    def dying(self, part: str) -> Observation:
        """A run whose matches all die, because the message of `part` does: it is suspect."""
        self._time += 10
        observation = self._begin(self._time)
        observation.parts = {part: [self._new(f"{self.name}-d{number}") for number in range(self._first)]}
        observation.account.dead = observation.account.found = observation.rows
        observation.account.state = "suspect"
        return observation

    def _begin(self, time: int) -> Observation:
        observed_at = (_EPOCH + timedelta(minutes=time)).strftime("%Y-%m-%dT%H:%M:%SZ")
        run_id = UUID(int=self._rng.getrandbits(128), version=4)
        return Observation(run_id, observed_at, {part: [] for part in self._parts}, Account())

    def _say(self, rows: dict[str, Row], time: int) -> Observation:
        observation = self._begin(time)
        account = observation.account
        for match_id, row in rows.items():
            observation.parts[self._of[match_id]].append(row)
            before = self._known.get(match_id)
            columns = columns_of(row, before[0] if before else None)
            if before is None:
                account.inserted += 1
            elif columns == before[0]:
                account.unchanged += 1
                continue
            else:
                account.updated += 1
                observation.changes += changes(match_id, before[0], columns, str(observation.run_id))
            self._known[match_id] = observation.stored[match_id] = (columns, observation.observed_at)
        self._rows = dict(rows)
        if self._rng.random() < 0.2:
            reject = RejectedRow(f"{self.name}-r{time}")
            observation.parts[self._parts[0]].append(reject)
            observation.letters.append(Letter("match", reject.match_id, "no_such_day"))
            account.dead += 1
        account.found = observation.rows
        return observation

    def _appear(self) -> None:
        number = len(self._rows)
        match_id = f"{self.name}-{number}"
        self._rows[match_id] = self._new(match_id)
        # a part that listed a row and now lists no match is suspect: none begins empty
        part = self._rng.choice(self._parts)
        self._of[match_id] = self._parts[number] if number < len(self._parts) else part

    def _new(self, match_id: str) -> Row:
        home, away = self._rng.sample(range(40), 2)
        day = date(2026, 9, 5) + timedelta(days=self._rng.randrange(240))
        return {
            "match_id": match_id,
            "home_team": f"Team {home}",
            "away_team": f"Team {away}",
            "home_team_id": f"t{home}",
            "away_team_id": f"t{away}",
            "date": day.isoformat(),
            "kickoff": f"{day}T{self._rng.randrange(10, 22)}:30:00Z",
            "timezone": "America/New_York",
            "season": SEASON,
            "league": LEAGUE,
            "age_group": "U14",
            "match_type": "League",
            "division": "Northeast",
            "status": "scheduled",
            "location": self._rng.choice(_VENUES),
        }

    def _evolve(self) -> dict[str, Row]:
        return {
            match_id: self._changed(row) if match_id in self._known else row for match_id, row in self._rows.items()
        }

    def _changed(self, row: Row) -> Row:
        match self._rng.randrange(12):
            case 0 | 1:
                scores = {"home_score": self._rng.randrange(9), "away_score": self._rng.randrange(9)}
                return {**_without(row, "home_penalties", "away_penalties"), **scores, "status": "completed"}
            case 2:
                return {**row, "location": self._rng.choice(_VENUES), "notes": f"note {self._rng.randrange(99)}"}
            case 3:
                row = _without(row, "home_score", "away_score", "kickoff")
                return {**row, "status": "postponed", "date": None}
            case 4:
                day = date(2026, 9, 5) + timedelta(days=self._rng.randrange(240))
                return {**row, "date": day.isoformat(), "kickoff": f"{day}T18:00:00Z"}
            case _:
                return row


def _without(row: Row, *names: str) -> Row:
    if row["date"] is None and "home_score" not in row:
        # a match without a date has to be postponed: it gets one again before it is anything else
        row = {**row, "date": "2027-05-01", "status": "scheduled"}
    return {name: value for name, value in row.items() if name not in names}


def columns_of(row: Row, before: Columns | None) -> Columns:
    """How `row` is stored over `before`: a placeholder without a date does not erase the one the match was due on."""
    named = {**row, "home_team_key": row["home_team_id"], "away_team_key": row["away_team_id"]}
    columns = {name: None if named.get(name) is None else str(named[name]) for name in COLUMNS}
    if columns["date"] is None and before is not None:
        columns |= {"date": before["date"], "kickoff": before["kickoff"]}
    return columns


def changes(match_id: str, before: Columns, after: Columns, run_id: str) -> list[Change]:
    """The rows of history between two states of a match."""
    return [
        Change(match_id, _FIELD.get(name, name), before[name], after[name], run_id)
        for name in COLUMNS
        if before[name] != after[name]
    ]


class Ledger:
    """Everything that was sent to one world, and what has to come of it. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.matches: dict[str, tuple[Columns, str]] = {}
        self.changes: Counter[Change] = Counter()
        self.runs: dict[str, Account] = {}
        self.letters: list[Letter] = []
        #: Ids of all messages that were confirmed or spooled, and when.
        self._sent: dict[str, float] = {}
        self._what: dict[str, str] = {}

    def expect(self, observation: Observation, *, anew: bool = False) -> None:
        """`observation` is about to be sent, and has to arrive. `anew`: another outcome of what was expected before."""
        with self._lock:
            self.matches |= observation.stored
            self.changes.update(observation.changes)
            self.runs[str(observation.run_id)] = observation.account
            if not anew:
                self.letters += observation.letters

    def forget_history(self, observation: Observation) -> None:
        """The changes that were expected of `observation` do not come."""
        with self._lock:
            self.changes.subtract(observation.changes)

    def expect_letter(self, letter: Letter) -> None:
        """`letter` has to be among the dead ones at the end; its key may be `*`, for any."""
        with self._lock:
            self.letters.append(letter)

    def note(self, message_id: str, what: str) -> None:
        """The message is about to be sent, or was confirmed or spooled, now: it has to arrive in either case.

        Said before as well, since a worker may be killed by it before its producer hears that it was confirmed.
        """
        with self._lock:
            self._sent[message_id] = time.time()
            self._what[message_id] = what

    def sent(self) -> list[str]:
        with self._lock:
            return list(self._sent)

    def sent_at(self, message_id: str) -> float | None:
        """When it was sent (time.time)."""
        with self._lock:
            return self._sent.get(message_id)

    def described(self, message_id: str) -> str:
        """What it was, and when it was sent, for a person."""
        with self._lock:
            at = time.strftime("%H:%M:%S", time.localtime(self._sent[message_id]))
            return f"{message_id} ({self._what[message_id]}, {at})"

    def settled(self, states: Iterable[tuple[str, str]]) -> list[str]:
        """The runs that are not what they have to be yet, given the state of each."""
        now = dict(states)
        with self._lock:
            return [run_id for run_id, account in self.runs.items() if now.get(run_id) != account.state]


def arriving_late(observation: Observation, newest: dict[str, tuple[Columns, str]], known: set[str]) -> None:
    """What has to come of `observation` where a newer one is stored: new to the store are matches not in `known`.

    Those are inserted as `newest` says if this is the newest, and all others are stale. Updates `known`.
    """
    matches = [row["match_id"] for rows in observation.parts.values() for row in rows if isinstance(row, dict)]
    new = [match_id for match_id in matches if match_id not in known]
    account = observation.account
    account.inserted, account.stale = len(new), len(matches) - len(new)
    account.updated = account.unchanged = 0
    observation.changes.clear()
    observation.stored = {match_id: newest[match_id] for match_id in new}
    known.update(matches)
