"""Why one league table is not as the official one: a sentence for each difference.

The official tables lag: reports are due within 24 hours of a match and verified within 48 (SOURCES section 1, "League
tables"), so what would be equal without matches of the last 48 hours, or with a result that one of them had before, is
no disagreement. "Last" is before the moment that the official table is of, by the site's own clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any, Final, Literal

#: `recent`: matches of the last 48 hours; `level`: nothing published decides; `missing`: a team on one side only.
Kind = Literal["recent", "level", "missing", "disagreement"]

#: How long the league takes to verify a report.
VERIFIED: Final = dt.timedelta(hours=48)

#: Figures of a match that are published rounded, or cut, to two digits.
_ROUNDED: Final = 0.011

#: Recent matches of one team of which every combination is tried, and matches that a sentence names.
_TRIED: Final = 6
_NAMED: Final = 12

Match = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """A team's line: what is None is not published."""

    position: int | None = None
    played: int | None = None
    won: int | None = None
    drawn: int | None = None
    lost: int | None = None
    points: int | None = None
    points_per_match: float | None = None
    goals_for: int | None = None
    goals_against: int | None = None
    goal_difference_per_match: float | None = None
    goals_for_per_match: float | None = None


#: Figure → how it is said; positions are compared apart.
_SAID: Final = {
    "played": "{} played",
    "won": "{} won",
    "drawn": "{} drawn",
    "lost": "{} lost",
    "points": "{} points",
    "points_per_match": "{:.2f} points a match",
    "goals_for": "{} goals for",
    "goals_against": "{} goals against",
    "goal_difference_per_match": "{:.2f} goal difference a match",
    "goals_for_per_match": "{:.2f} goals for a match",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One team in both tables; `ours` is with what decided its place: the tie-breakers' worth, as the view has it."""

    team: str
    team_id: str
    ours: Figures
    official: Figures
    worth: Sequence[float] = ()
    head_to_head: int = 0
    match_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference and its reason, in a sentence; `teams` are the ids of those it is about."""

    kind: Kind
    sentence: str
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """Our table beside the official one, and all that explaining needs: `lines` stand in our order."""

    lines: Sequence[Line]
    #: The moment that the official table is of.
    as_of: dt.datetime
    ranking: Sequence[str]
    #: Points, by `win`, `draw`, `loss`, `shootout_win` and `shootout_loss`.
    points: Mapping[str, int]
    #: The season's matches of a team by its id, with former results as of the moment since when they are asked for.
    matches_of: Callable[[str, dt.datetime], Sequence[Match]]
    #: Teams that play in the division and that the official table does not list: id, name, number of matches.
    unlisted: Sequence[tuple[str, str, int]] = ()
    #: Ids of the teams whose figures were found to differ, as they are found.
    differing: dict[str, Kind] = field(default_factory=dict)


def explain(tables: Tables) -> Iterator[Difference]:
    """Each difference, figures before positions."""
    for team_id, team, matches in tables.unlisted:
        yield Difference(
            "missing",
            f"{team} plays here ({_counted(matches)}), and the official table does not list it; "
            "its opponents' lines count these matches.",
            (team_id,),
        )
    for line in tables.lines:
        if names := differing(line.ours, line.official):
            found = _of_figures(tables, line, names)
            tables.differing[line.team_id] = found.kind
            yield found
    yield from _of_positions(tables)


def differing(ours: Figures, official: Figures) -> list[str]:
    """The figures that are published and not as ours."""
    names = []
    for name in _SAID:
        here, there = getattr(ours, name), getattr(official, name)
        if there is None:
            continue
        if here is None or abs(here - there) > (_ROUNDED if name.endswith("per_match") else 0):
            names.append(name)
    return names


def _of_figures(tables: Tables, line: Line, names: Sequence[str]) -> Difference:
    matches = tables.matches_of(line.team_id, tables.as_of - VERIFIED)
    who = (line.team_id,)
    if not matches:
        stands = _said(line.official, ["played", *names] if "played" not in names else names)
        return Difference(
            "missing", f"{line.team} stands in the official table with {stands}; no match of it is stored.", who
        )
    if (lagging := _lagging(tables, line, matches)) is not None:
        return Difference("recent", lagging, who)
    if (pending := _pending(tables, line, matches)) is not None:
        return Difference("recent", pending, who)
    counted = [match for match in matches if match["match_id"] in line.match_ids]
    shown = "; ".join(_named(match) for match in counted[-_NAMED:]) or "no match"
    before = f"{len(counted) - _NAMED} earlier ones; " if len(counted) > _NAMED else ""
    return Difference(
        "disagreement",
        f"{line.team}: officially {_said(line.official, names)}; by the stored results {_said(line.ours, names)}. "
        f"These count: {before}{shown}.",
        who,
    )


def _lagging(tables: Tables, line: Line, matches: Sequence[Match]) -> str | None:
    """What the official line leaves out or has as it was before, if it would be ours by that: a sentence."""
    counted = [match for match in matches if match["match_id"] in line.match_ids]
    recent = [match for match in counted if _is_recent(match, tables.as_of)][-_TRIED:]
    fixed = [match for match in counted if match not in recent]
    choices = [[match, None, *([_former(match)] if _former(match) else [])] for match in recent]
    best: list[Match | None] | None = None
    for chosen in product(*choices):
        kept = [*fixed, *(match for match in chosen if match is not None)]
        if differing(_figures(line.team_id, kept, tables.points), line.official):
            continue
        if best is None or _changes(recent, chosen) < _changes(recent, best):
            best = list(chosen)
    if best is None:
        return None
    left = [_named(match) for match, as_chosen in zip(recent, best, strict=True) if as_chosen is None]
    former = [
        f"{_named(match)} as {as_chosen['home_score']}:{as_chosen['away_score']}"
        for match, as_chosen in zip(recent, best, strict=True)
        if as_chosen is not None and as_chosen is not match
    ]
    said = [f"does not count {'; '.join(left)} yet"] if left else []
    said += [f"still has {'; '.join(former)}"] if former else []
    return (
        f"{line.team}: the official table {' and '.join(said)}: of the last 48 hours, "
        "in which reports are handed in and verified."
    )


def _changes(recent: Sequence[Match], chosen: Sequence[Match | None]) -> int:
    return sum(match is not kept for match, kept in zip(recent, chosen, strict=True))


def _pending(tables: Tables, line: Line, matches: Sequence[Match]) -> str | None:
    """The official line may count matches that were just played, and of which no result is stored yet: a sentence."""
    more = (line.official.played or 0) - (line.ours.played or 0)
    waiting = [
        match
        for match in matches
        if match["home_score"] is None
        and match["status"] == "scheduled"
        and match["kickoff"] is not None
        and tables.as_of - VERIFIED <= match["kickoff"] <= tables.as_of
    ]
    gained = (line.official.points or 0) - (line.ours.points or 0)
    most = max(tables.points.values())
    if not 0 < more <= len(waiting) or not 0 <= gained <= more * most:
        return None
    return (
        f"{line.team}: the official table counts {_counted(more)} more; of the last 48 hours no result is stored yet "
        f"of {'; '.join(_named(match) for match in waiting)}."
    )


def _of_positions(tables: Tables) -> Iterator[Difference]:
    """Pairs of neighbours in our table that stand the other way round in the official one, or that nothing decides."""
    recent = [line for line in tables.lines if tables.differing.get(line.team_id) == "recent"]
    moved = [line for line in tables.lines if line.ours.position != line.official.position]
    if recent and moved and not any(kind == "disagreement" for kind in tables.differing.values()):
        names = ", ".join(
            f"{line.team} ({line.official.position} officially, {line.ours.position} here)" for line in moved
        )
        kind: Kind = "recent" if _in_order(tables) else "disagreement"
        why = (
            f"Positions follow from that: {names}."
            if kind == "recent"
            else f"The official order is not that of its own points a match: {names}."
        )
        yield Difference(kind, why, tuple(line.team_id for line in moved))
        return
    for upper, lower in pairwise(tables.lines):
        if upper.official.position is None or lower.official.position is None:
            continue
        if upper.team_id in tables.differing or lower.team_id in tables.differing:
            continue  # what is said of their figures says why
        reversed_ = upper.official.position > lower.official.position
        pair = (upper.team_id, lower.team_id)
        places = f"{lower.official.position} and {upper.official.position}"
        decided = _decided(tables.ranking, upper, lower)
        if decided is None and (upper.ours.played or lower.ours.played):
            order = (
                f"Officially {lower.team} stands before {upper.team} ({places})."
                if reversed_
                else "The official order stands."
            )
            yield Difference(
                "level",
                f"{upper.team} and {lower.team} are level in all that the rules compare; disciplinary points or lots, "
                f"which are not published, decide. {order}",
                pair,
            )
        elif decided is not None and reversed_:
            yield Difference(
                "disagreement",
                f"Officially {lower.team} stands before {upper.team} ({places}); by the rules {upper.team} does: "
                f"{decided}.",
                pair,
            )


def _in_order(tables: Tables) -> bool:
    """Whether the official order is that of its own first figure, as far as that can be told."""
    if not tables.ranking or tables.ranking[0] != "points_per_match":
        return True
    official = [line.official for line in tables.lines if line.official.position is not None]
    said = [line.points_per_match for line in sorted(official, key=lambda line: line.position or 0)]
    return all(upper is None or lower is None or upper >= lower - _ROUNDED for upper, lower in pairwise(said))


def _decided(ranking: Sequence[str], upper: Line, lower: Line) -> str | None:
    """What puts `upper` before `lower`, in words; None where only the official position or the name does."""
    for name, here, there in zip(ranking, upper.worth, lower.worth, strict=True):
        if name == "head_to_head":
            here, there = upper.head_to_head, lower.head_to_head
        if name != "official_position" and here != there:
            return f"{name.replace('_', ' ')} {_number(here)} to {_number(there)}"
    return None


def _figures(team_id: str, matches: Sequence[Match], points: Mapping[str, int]) -> Figures:
    """A team's line as these matches make it."""
    won = drawn = lost = scored = conceded = taken = 0
    for match in matches:
        ours, theirs = ("home", "away") if match["home_team_id"] == team_id else ("away", "home")
        gf, ga = match[f"{ours}_score"], match[f"{theirs}_score"]
        pf, pa = match[f"{ours}_penalties"] or 0, match[f"{theirs}_penalties"] or 0
        won, drawn, lost = won + (gf > ga), drawn + (gf == ga), lost + (gf < ga)
        scored, conceded = scored + gf, conceded + ga
        if gf != ga:
            taken += points["win" if gf > ga else "loss"]
        else:
            taken += points["draw" if pf == pa else "shootout_win" if pf > pa else "shootout_loss"]
    return figures_of(len(matches), won, drawn, lost, scored, conceded, taken)


def figures_of(
    played: int, won: int, drawn: int, lost: int, scored: int, conceded: int, points: int, position: int | None = None
) -> Figures:
    """A line of ours, with what is per match; 0 while nothing was played."""
    per = played or 1
    return Figures(
        position,
        played,
        won,
        drawn,
        lost,
        points,
        points / per,
        scored,
        conceded,
        (scored - conceded) / per,
        scored / per,
    )


def _is_recent(match: Match, as_of: dt.datetime) -> bool:
    """Whether it was played, or its result came or changed, within the last 48 hours."""
    if match["rescored"]:
        return True
    began = match["kickoff"]
    if began is None and match["date"] is not None:
        # the end of that day, wherever the venue is
        began = dt.datetime.combine(match["date"], dt.time(), dt.UTC) + dt.timedelta(hours=36)
    return began is not None and began >= as_of - VERIFIED


def _former(match: Match) -> Match | None:
    if not match["rescored"] or match["former_home"] is None or match["former_away"] is None:
        return None
    return {**match, "home_score": match["former_home"], "away_score": match["former_away"]}


def _named(match: Match) -> str:
    """`2026-09-05 Ashgrove 2:1 Bellwater (26030)`, and whether that is what a person said against the site."""
    if match["home_score"] is None:
        result = "against"
    else:
        result = f"{match['home_score']}:{match['away_score']}"
        if match["home_penalties"] is not None:
            result += f" ({match['home_penalties']}:{match['away_penalties']})"
    day = f"{match['date']} " if match["date"] else ""
    by = ", corrected by a person" if match["corrected"] else ""
    return f"{day}{match['home_team']} {result} {match['away_team']} ({match['match_id']}{by})"


def _said(figures: Figures, names: Sequence[str]) -> str:
    said = []
    for name in names:
        value = getattr(figures, name)
        said.append(_SAID[name].format(value) if value is not None else f"no {name.replace('_', ' ')}")
    return ", ".join(said)


def _number(value: float) -> str:
    return f"{value:.2f}".removesuffix(".00")


def _counted(matches: int) -> str:
    return f"{matches} match" if matches == 1 else f"{matches} matches"
