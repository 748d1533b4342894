"""Which brackets there are and who is in them, so that each feed has exactly as many matches as the real one.

At scale 1.0 these are the real numbers (SOURCES.md, section 1): 60, 52 and 120 brackets, 7,763, 3,160 and 13,705
matches. A smaller scale takes brackets away, in an order that keeps what is special: a bracket with an official table,
one without, a Pro Player Pathway bracket with squads that sit in two, and Flex groups of squads that play both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from contract.errors import ConfigurationError
from touchline.demo.chance import dice
from touchline.demo.model import WITHOUT_TABLE, Bracket, Club, Feed, FeedName, Squad, Venue
from touchline.demo.names import DRIFTING, club_names, venue_names
from touchline.demo.season import Season, office_day

LEAGUE: Final = "League"
PATHWAY: Final = "League (Pro Player Pathway)"
FLEX: Final = "MLS NEXT Flex"

SMALLEST_SCALE: Final = 0.01

_CRESTS: Final = "https://images.demo.example/organisations"


@dataclass(frozen=True, slots=True)
class _Size:
    brackets: int
    matches: int
    #: A small scale keeps at least so many brackets.
    at_least: int


_SIZES: Final[dict[FeedName, _Size]] = {
    "homegrown": _Size(60, 7_763, 4),
    "flex": _Size(52, 3_160, 2),
    "academy": _Size(120, 13_705, 3),
}

#: Of the matches of homegrown and academy, this share crosses brackets or age groups (SOURCES.md, section 1.3).
_CROSSING: Final = 0.004

_EAST, _CENTRAL, _MOUNTAIN, _DESERT, _PACIFIC = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
)

#: Homegrown divisions, with the time zones of their clubs.
_DIVISIONS: Final = (
    ("Lakes", (_EAST, _CENTRAL)),
    ("Harbor", (_EAST,)),
    ("Piedmont", (_EAST,)),
    ("Gulf", (_CENTRAL, _EAST)),
    ("Prairie", (_CENTRAL, _MOUNTAIN)),
    ("Frontier", (_CENTRAL, _DESERT)),
    ("Cascade", (_PACIFIC,)),
    ("Sierra", (_PACIFIC, _DESERT)),
)

#: Pro Player Pathway divisions: name, zones, and the division that some of their squads play in as well.
_PATHWAYS: Final = (
    ("East (Pro Player Pathway)", (_EAST, _CENTRAL), "Lakes"),
    ("Central (Pro Player Pathway)", (_CENTRAL, _MOUNTAIN), "Prairie"),
    ("West (Pro Player Pathway)", (_PACIFIC, _DESERT), "Sierra"),
)
_PATHWAY_AGES: Final = ("U15", "U16", "U17", "U19")

#: Academy regions, each with a north and a south: name, zones, and the division whose clubs have sides here, too.
_ACADEMY_REGIONS: Final = (
    ("California", (_PACIFIC,), "Sierra"),
    ("Lakes", (_CENTRAL, _EAST), "Lakes"),
    ("Mountain", (_MOUNTAIN, _DESERT), "Frontier"),
    ("Harbor", (_EAST,), "Harbor"),
    ("Gulf", (_CENTRAL,), "Gulf"),
    ("Piedmont", (_EAST,), "Piedmont"),
    ("Prairie", (_CENTRAL,), "Prairie"),
    ("Cascade", (_PACIFIC,), "Cascade"),
    ("Plains", (_CENTRAL, _MOUNTAIN), None),
    ("Atlantic", (_EAST,), None),
)
_ACADEMY_SIDES: Final = ("North", "South")

#: How many clubs a division has to choose from, of each kind.
_POOL: Final = 16
_PATHWAY_POOL: Final = 14
_ACADEMY_POOL: Final = 15
_SHARED_WITH_ACADEMY: Final = 5
_SMALLEST: Final = 4
#: The largest bracket that 31 weekends hold (28 matches a squad), and a Pathway one whose squads play in two.
_LARGEST: Final = 15
_LARGEST_PATHWAY: Final = 12
_DOUBLES: Final = 3


@dataclass(slots=True)
class Plan:
    """The feeds with brackets and squads, and how many matches each has to have."""

    feeds: dict[FeedName, Feed] = field(default_factory=dict)
    matches: dict[FeedName, int] = field(default_factory=dict)
    crossing: dict[FeedName, int] = field(default_factory=dict)


def plan(seed: int, scale: float, season: Season) -> Plan:
    """Raises ConfigurationError for a scale that is not between SMALLEST_SCALE and 1."""
    if not SMALLEST_SCALE <= scale <= 1:
        raise ConfigurationError(
            f"a demo league of scale {scale:g} cannot be made", hint=f"choose a scale from {SMALLEST_SCALE} to 1"
        )
    made = Plan()
    for name, size in _SIZES.items():
        made.matches[name] = round(size.matches * scale)
        made.crossing[name] = 0 if name == "flex" else max(2, round(made.matches[name] * _CROSSING))
    wanted = {name: max(size.at_least, round(size.brackets * scale)) for name, size in _SIZES.items()}
    build = _Builder(seed, season)
    homegrown = build.homegrown(wanted["homegrown"], made.matches["homegrown"] - made.crossing["homegrown"])
    flex = build.flex(homegrown, wanted["flex"], made.matches["flex"])
    academy = build.academy(wanted["academy"], made.matches["academy"] - made.crossing["academy"])
    titles: dict[FeedName, tuple[str, str, list[Bracket]]] = {
        "homegrown": ("League", "mls-next-league", homegrown),
        "flex": ("Flex", "mls-next-flex", flex),
        "academy": ("Academy Division", "mls-next-2-academy-division", academy),
    }
    for name, (title, key, brackets) in titles.items():
        made.feeds[name] = Feed(name, f"{key}-{season.short}", f"{title} {season.short.replace('-', '/')}", brackets)
    league, other = made.feeds["homegrown"], made.feeds["flex"]
    league.linked, other.linked = ((other.title, other.key),), ((league.title, league.key),)
    return made


def sizes(matches: int, caps: Sequence[int], random: Random) -> tuple[list[int], int]:
    """How many squads each bracket gets, at most `caps`, and how often they meet, for at least `matches` in all.

    As few more than `matches` as that allows: what is too much is left out of the second halves.
    """
    even = 1.0
    while len(caps) * even * (even - 1) < matches:
        even += 0.25
    spread = (-2, -1, 0, 0, 1, 2) if even > 8 else (-1, 0, 0, 1)
    chosen = [max(_SMALLEST, min(cap, round(even) + random.choice(spread))) for cap in caps]

    def total() -> int:
        return sum(size * (size - 1) for size in chosen)

    order = random.sample(range(len(caps)), len(caps))
    while total() < matches:
        free = [place for place in order if chosen[place] < caps[place]]
        if not free:
            break
        chosen[min(free, key=lambda place: chosen[place])] += 1
    for place in order:
        if chosen[place] > _SMALLEST and total() - 2 * (chosen[place] - 1) >= matches:
            chosen[place] -= 1
    legs = 2
    while total() * legs // 2 < matches:
        legs += 1
    return chosen, legs


class _Builder:
    """Makes clubs, squads and brackets; ids count up, so that they are the same for the same seed and scale."""

    def __init__(self, seed: int, season: Season) -> None:
        self._random = dice(seed, "structure")
        self._season = season
        self._names = iter(club_names(seed, 400))
        self._club_ids = iter(self._random.sample(range(1_000, 9_999), 400))
        self._squad_ids = count(5_600)
        self._venue_ids = count(7_001)
        self._bracket_ids = count(60)
        # All pools are made, whatever the scale: a club keeps its name and id when the scale changes.
        self._divisions = {name: self._clubs(zones, _POOL) for name, zones in _DIVISIONS}
        self._pathways = {name: self._clubs(zones, _PATHWAY_POOL) for name, zones, _ in _PATHWAYS}
        self._academies = self._academy_clubs()

    def homegrown(self, brackets: int, matches: int) -> list[Bracket]:
        sources = {name: source for name, _, source in _PATHWAYS}
        wanted = _homegrown_order()[:brackets]
        caps = [_LARGEST_PATHWAY if name in sources else _LARGEST for name, _ in wanted]
        squads, legs = sizes(matches, caps, self._random)
        made: dict[tuple[str, str], Bracket] = {}
        for (name, age), size in zip(wanted, squads, strict=True):
            if name in sources:
                source = made[sources[name], age]
                doubles = self._random.sample(source.members, min(_DOUBLES, size // 2))
                clubs = self._random.sample(self._pathways[name], size - len(doubles))
                members = doubles + [self._squad(club, age, age) for club in clubs]
                made[name, age] = self._bracket(name, age, PATHWAY, members, legs)
            else:
                members = [self._squad(club, age, age) for club in self._pick(self._divisions[name], size)]
                made[name, age] = self._bracket(name, age, LEAGUE, members, legs)
        self._leave_unlisted([bracket for bracket in made.values() if bracket.age in WITHOUT_TABLE], share=6)
        return list(made.values())

    def flex(self, homegrown: list[Bracket], brackets: int, matches: int) -> list[Bracket]:
        """Groups of squads that play in homegrown, too."""
        free: dict[str, list[Squad]] = {}
        for bracket in homegrown:
            free.setdefault(bracket.age, []).extend(bracket.listed)
        for age, squads in free.items():
            once = [squad for squad in squads if squads.count(squad) == 1]
            twice = list(dict.fromkeys(squad for squad in squads if squads.count(squad) > 1))
            # those that play in two brackets have enough to do: they come last
            free[age] = twice + self._random.sample(once, len(once))
        ages = [age for age in ("U17", "U15", "U16", "U19") if len(free.get(age, ())) >= 4]
        groups = [(number // len(ages), ages[number % len(ages)]) for number in range(brackets)]
        shares = {age: sum(age == other for _, other in groups) for age in ages}
        caps = [len(free[age]) // shares[age] + (number < len(free[age]) % shares[age]) for number, age in groups]
        chosen, legs = sizes(matches, caps, self._random)
        made = []
        for (number, age), size in zip(groups, chosen, strict=True):
            members = [free[age].pop() for _ in range(size)]
            made.append(self._bracket(f"Group {chr(ord('A') + number)}", age, FLEX, members, legs))
        return made

    def academy(self, brackets: int, matches: int) -> list[Bracket]:
        divisions = list(self._academies)
        ages = ("U16", "U13", "U17", "U15", "U14", "U19")
        # the first region with all its ages before the next one
        wanted = [
            (name, age)
            for start in range(0, len(divisions), 2)
            for age in ages
            for name in divisions[start : start + 2]
        ][:brackets]
        squads, legs = sizes(matches, [_ACADEMY_POOL] * len(wanted), self._random)
        made = []
        for (name, age), size in zip(wanted, squads, strict=True):
            clubs = self._random.sample(self._academies[name], size)
            members = [self._squad(club, age, f"{age} AD") for club in clubs]
            made.append(self._bracket(name, age, LEAGUE, members, legs))
        self._leave_unlisted(made, share=20)
        return made

    def _pick(self, clubs: list[Club], size: int) -> list[Club]:
        """`size` of a division's clubs; the one whose name drifts is always among them."""
        drifting = [club for club in clubs if club.renamed]
        others = [club for club in clubs if not club.renamed]
        return drifting + self._random.sample(others, size - len(drifting))

    def _clubs(self, zones: Sequence[str], number: int) -> list[Club]:
        return [self._club(zones[place % len(zones)]) for place in range(number)]

    def _club(self, zone: str) -> Club:
        random, name, identity = self._random, next(self._names), next(self._club_ids)
        crest = f"{_CRESTS}/{identity}/{random.getrandbits(128):032x}.png"
        venues = tuple(Venue(next(self._venue_ids), ground) for ground in venue_names(random, name.town))
        club = Club(identity, name.club, crest, ZoneInfo(zone), venues, random.gauss(0, 0.35))
        if name.club == DRIFTING[0]:
            club.renamed = (office_day(self._season.saturdays[8]), DRIFTING[1])
        return club

    def _academy_clubs(self) -> dict[str, list[Club]]:
        """Some clubs have a side in homegrown as well, the others play in Academy alone."""
        pools = {}
        for region, zones, division in _ACADEMY_REGIONS:
            for number, side in enumerate(_ACADEMY_SIDES):
                shared = self._divisions[division] if division else []
                shared = shared[number * _SHARED_WITH_ACADEMY :][:_SHARED_WITH_ACADEMY]
                pools[f"{side} {region}"] = shared + self._clubs(zones, _ACADEMY_POOL - len(shared))
        return pools

    def _squad(self, club: Club, age: str, label: str) -> Squad:
        strength = club.strength + self._random.gauss(0, 0.2)
        return Squad(next(self._squad_ids), club, age, label, strength, self._random.getrandbits(30))

    def _bracket(self, name: str, age: str, competition: str, members: list[Squad], legs: int) -> Bracket:
        return Bracket(next(self._bracket_ids), name, age, competition, members, legs)

    def _leave_unlisted(self, brackets: list[Bracket], share: int) -> None:
        """One in `share` brackets, and at least one, has a squad that the standings forgot."""
        seats = Counter(squad.id for bracket in brackets for squad in bracket.members)
        for bracket in brackets[::share]:
            bracket.unlisted = next(squad for squad in reversed(bracket.members) if seats[squad.id] == 1)


def _homegrown_order() -> list[tuple[str, str]]:
    """All 60 (division, age group), those that are special first. A Pathway bracket comes after its source."""
    first = [("Lakes", "U17"), ("Lakes", "U14"), (_PATHWAYS[0][0], "U17"), ("Lakes", "U15")]
    order = list(first)
    pathways = {source: name for name, _, source in _PATHWAYS}
    for division, _ in _DIVISIONS:
        for age in ("U17", "U14", "U15", "U16", "U19", "U13"):
            order.append((division, age))
            if division in pathways and age in _PATHWAY_AGES:
                order.append((pathways[division], age))
    return list(dict.fromkeys(order))
