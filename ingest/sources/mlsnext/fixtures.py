"""One event of the schedule as a match of the contract: SOURCES section 1, points 3 to 11.

What the site's event says by its shape, and what is made of it:

    completed, two scores, begun before synced_at         completed
    the same on a placeholder day                         forfeit, date unknown
    anything else on a placeholder day                    postponed, date unknown
    everything else                                       scheduled, without scores
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ingest.models import Club, Match
from ingest.sources import Reject
from ingest.sources.mlsnext.brackets import Bracket, Brackets, age_group_in
from ingest.sources.mlsnext.feeds import Event, Organisation, instant
from ingest.sources.mlsnext.placeholder import Recognised
from ingest.sources.mlsnext.rejects import Unusable, match_id, reject, reject_invalid, shown

#: The name of a venue that is none yet, without regard to case.
_NO_VENUE: Final = "tbd"
#: Where the venue is not set, so is this local time: it means that the kick-off is not, either.
_NO_KICKOFF: Final = time(6, 0)

_MATCH_TYPES: Final = {"MLS NEXT Flex": "Flex"}


@dataclass(slots=True)
class Fixtures:
    """The matches of one schedule document. `as_of` is when the site knew them (UTC)."""

    league: str | None
    season: str
    brackets: Brackets
    as_of: datetime
    recognised: Recognised = field(default_factory=Recognised)
    _clubs: dict[tuple[Any, ...], Club | None] = field(default_factory=dict)

    def read(self, events: list[Any]) -> Iterator[Match | Reject]:
        """One match or reject an event. Of events with one `game_key` the newest is taken, and the others are
        rejects unless they are the same to the letter."""
        keys = [match_id(raw) for raw in events]
        taken = _taken(events, keys)
        placeholders = self.recognised.among(
            _days(raw for index, raw in enumerate(events) if taken.get(keys[index], index) == index), self.as_of.date()
        )
        for index, raw in enumerate(events):
            chosen = taken.get(keys[index], index)
            if chosen == index:
                yield self._match(raw, placeholders)
            elif raw != events[chosen]:
                other = shown(events[chosen].get("id"))
                yield reject(
                    raw, "duplicate", f"game_key {keys[index]} stands in the feed twice; event {other} was taken"
                )

    def _match(self, raw: Any, placeholders: frozenset[date]) -> Match | Reject:
        try:
            return self._express(Event.model_validate(raw), placeholders)
        except ValidationError as error:
            return reject_invalid(raw, error, what="the event" if error.title == "Event" else "the match")
        except Unusable as error:
            return reject(raw, error.reason, str(error))

    def _express(self, event: Event, placeholders: frozenset[date]) -> Match:
        """Raises Unusable and ValidationError."""
        kickoff, local = _start(event)
        location = _location(event)
        day: str | None = local.date().isoformat()
        timed = location is not None or local.time() != _NO_KICKOFF
        scores = _scores(event)
        if local.date() in placeholders:
            status, day, timed = "forfeit" if scores else "postponed", None, False
        elif scores and kickoff <= self.as_of:
            status = "completed"
        else:
            status, scores = "scheduled", None
        # only a draw is decided by a shoot-out
        penalties = _penalties(event) if scores and scores[0] == scores[1] else None
        home, away = str(event.home_squad_id), str(event.away_squad_id)
        bracket = self.brackets.of(home, away, event.competition.name)
        return Match(
            match_id=str(event.game_key),
            home_team=event.home_organisation.name,
            away_team=event.away_organisation.name,
            date=day,
            season=self.season,
            age_group=self._age_group(event, bracket),
            match_type=_MATCH_TYPES.get(event.competition.name, event.competition.name),
            status=status,
            kickoff=f"{kickoff:%Y-%m-%dT%H:%M:%SZ}" if timed else None,
            timezone=event.local_timezone,
            home_team_id=home,
            away_team_id=away,
            home_club=self._club(event.home_organisation),
            away_club=self._club(event.away_organisation),
            league=self.league,
            division=bracket.name if bracket else None,
            home_score=scores[0] if scores else None,
            away_score=scores[1] if scores else None,
            home_penalties=penalties[0] if penalties else None,
            away_penalties=penalties[1] if penalties else None,
            location=location,
            round=None if event.round_number is None else str(event.round_number).strip() or None,
        )

    def _age_group(self, event: Event, bracket: Bracket | None) -> str:
        if bracket and bracket.age_group:
            return bracket.age_group
        homes = self.brackets.age_groups(str(event.home_squad_id))
        aways = self.brackets.age_groups(str(event.away_squad_id))
        if len(homes | aways) == 1:
            return next(iter(homes | aways))
        # two age groups, or none known: the home side's
        named = age_group_in(event.home_squad_name)
        if named is None and len(homes) == 1:
            named = next(iter(homes))
        named = named or age_group_in(event.away_squad_name)
        if named is None:
            raise Unusable(
                "age_group_unknown",
                f"neither a bracket nor the squads' names ({shown(event.home_squad_name)}, "
                f"{shown(event.away_squad_name)}) say which age group plays",
            )
        return named

    def _club(self, organisation: Organisation) -> Club | None:
        """The club, made once a feed; None without its id. A crest without a proper address is left out."""
        key = (organisation.id, organisation.name, organisation.logo_full_path)
        if key not in self._clubs:
            self._clubs[key] = _make_club(*key)
        return self._clubs[key]


def _make_club(club_id: int | str | None, name: str, logo: str | None) -> Club | None:
    if club_id is None:
        return None
    try:
        return Club(id=str(club_id), name=name, logo_url=logo or None)
    except ValidationError:
        return Club(id=str(club_id), name=name)


def _days(events: Iterable[Any]) -> Iterator[tuple[date, bool]]:
    """The day of each event at its venue and whether it has a result; without those that will be rejected."""
    for raw in events:
        try:
            day = instant(raw["start_time"]).astimezone(_zone(raw["local_timezone"])).date()
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        yield day, bool(raw.get("completed") and None not in (raw.get("home_score"), raw.get("away_score")))


def _taken(events: list[Any], keys: list[str | None]) -> dict[str | None, int]:
    """For each `game_key` that stands more than once, the index of the event with the highest id, else the last."""
    counts = Counter(keys)
    taken: dict[str | None, int] = {}
    for index, key in enumerate(keys):
        if key is None or counts[key] == 1:
            continue
        if key not in taken or _event_id(events[index]) >= _event_id(events[taken[key]]):
            taken[key] = index
    return taken


def _event_id(raw: dict[str, Any]) -> int:
    number = raw.get("id")
    return number if isinstance(number, int) else -1


@lru_cache(maxsize=128)
def _zone(name: str) -> ZoneInfo:
    """Raises Unusable. An unknown name, one that is a path, and a directory of the database each raise their own."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Unusable("no_such_timezone", f"{shown(name)} is not a time zone") from None


def _start(event: Event) -> tuple[datetime, datetime]:
    """When the event begins, in UTC and at the venue."""
    zone = _zone(event.local_timezone)
    try:
        start = instant(event.start_time)
        return start, start.astimezone(zone)
    except (ValueError, OverflowError) as error:
        raise Unusable("no_such_time", f"start_time {shown(event.start_time)} is not a time ({error})") from None


def _location(event: Event) -> str | None:
    name = event.event_location.name.strip() if event.event_location else ""
    return None if name.casefold() in ("", _NO_VENUE) else name


def _scores(event: Event) -> tuple[int, int] | None:
    """The result, 0-0 among them; None without one, or where the site says that it is not final."""
    if (event.home_score is None) is not (event.away_score is None):
        raise Unusable("one_score_without_the_other", "the event has one score without the other")
    if not event.completed or event.home_score is None or event.away_score is None:
        return None
    return event.home_score, event.away_score


def _penalties(event: Event) -> tuple[int, int] | None:
    """The shoot-out; the site writes 0 and 0 where there was none."""
    home, away = event.home_penalty_shootout_score, event.away_penalty_shootout_score
    if not home and not away:
        return None
    if home is None or away is None:
        raise Unusable("one_penalty_score_without_the_other", "the event has one shoot-out score without the other")
    return home, away
