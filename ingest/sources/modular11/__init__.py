"""modular11.com: matches are listed to a page that has a session, by the requests of that page (SOURCES section 2).

One part is one age group of one league. Which there are, and the site's ids for them, says the league's page; the list
of matches is then asked for from inside that page, one page of the list after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Self
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from contract.addresses import redact
from contract.errors import ConfigurationError, TouchlineError
from ingest.answers import Answer
from ingest.errors import PageChanged, SiteRefused, SiteUnreachable, UnknownScope
from ingest.models import Match
from ingest.season import Season
from ingest.sources import Part, Reading, Reject, Scope
from ingest.sources.modular11 import asking, pages, selects
from ingest.sources.modular11.asking import Asking, Question
from ingest.sources.modular11.rows import Clocks, Rows
from ingest.sources.modular11.selects import Choices, Framed
from ingest.sources.options import options_of

if TYPE_CHECKING:
    from contract.settings import SourceSettings
    from ingest.http import Fetcher

log = structlog.get_logger()

SITE: Final = "https://www.modular11.com"

#: The page of a tournament for which nothing else is configured.
_PAGE: Final = "/schedule?year=21"

#: A schedule is on its own page, or in a frame of another one; a frame in a frame is not followed.
_FRAMES: Final = 1
#: The page is opened twice at most for one part.
_VISITS: Final = 2


class Tournament(BaseModel):
    """A league's number at the site, and the page that it is on."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[int, Field(ge=1, strict=True)]
    page: Annotated[str, StringConstraints(min_length=1)] = _PAGE


#: Where MLS NEXT was until 2025-26, and the Elite Academy League still is. The page of `academy` is a guess by analogy.
TOURNAMENTS: Final[Mapping[str, Tournament]] = MappingProxyType(
    {
        "homegrown": Tournament(id=12),
        "academy": Tournament(id=35, page="/league-schedule/mls-next-academy-division"),
        "elite-academy": Tournament(id=27, page="/league-schedule/elite-academy-league"),
    }
)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone like America/New_York") from None
    return name


_Zone = Annotated[str, AfterValidator(_zone)]
_League = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]


class Options(BaseModel):
    """The source's own keys in `[sources.modular11]`."""

    model_config = ConfigDict(extra="forbid")

    #: The zone that the page's times are meant in: it names none.
    timezone: _Zone = "America/New_York"
    #: The same for divisions that play elsewhere, by the site's names of them.
    timezones: dict[str, _Zone] = Field(default_factory=dict)
    #: The leagues to read, each by its number, or by number and page.
    tournaments: dict[_League, Tournament] = Field(default_factory=lambda: dict(TOURNAMENTS), min_length=1)

    @field_validator("tournaments", mode="before")
    @classmethod
    def _numbers(cls, said: object) -> object:
        """A bare number keeps the page that is known for that league."""
        if not isinstance(said, Mapping):
            return said
        known = {tournament.id: tournament.page for tournament in TOURNAMENTS.values()}
        return {
            league: {"id": value, "page": known.get(value, _PAGE)} if isinstance(value, int) else value
            for league, value in said.items()
        }


class Modular11:
    """The source `modular11`."""

    name = "modular11"
    description = "modular11.com: schedules behind a browser session (Elite Academy; MLS NEXT until 2025-26)"
    leagues: tuple[str, ...] = tuple(TOURNAMENTS)
    #: One request a second (DESIGN section 2).
    concurrency = 1
    interval = 1.0
    #: Each part is worth an order of its own: a worker that is killed repeats one age group, not a season.
    separate_orders = True

    def __init__(
        self, *, site: str = SITE, options: Options | None = None, today: Callable[[], date] | None = None
    ) -> None:
        """`today` decides about the season that is meant where a scope names none."""
        options = options or Options()
        self.site = site.rstrip("/")
        self._tournaments = options.tournaments
        self.leagues = tuple(options.tournaments)
        self._clocks = Clocks(
            ZoneInfo(options.timezone),
            {division.casefold(): ZoneInfo(zone) for division, zone in options.timezones.items()},
        )
        self._today = today or (lambda: datetime.now(UTC).date())

    @classmethod
    def make(cls, settings: SourceSettings) -> Self:
        """The source as configured. Raises ConfigurationError."""
        options = options_of(settings, cls.name, Options)
        if settings.url is None:
            return cls(options=options)
        parts = urlsplit(settings.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                f"TOUCHLINE_MODULAR11_URL (sources.modular11.url) is not an http(s) address: {redact(settings.url)}",
                hint="write it like https://mirror.example.org",
            )
        return cls(site=settings.url, options=options)

    def plan(self, scope: Scope, fetcher: Fetcher) -> Sequence[Part]:
        """One part an age group of a league, `homegrown-U14-2025-26`, as the leagues' pages list them.

        A league whose page cannot be read is a part by itself beside others, which fails when it is fetched. Raises
        UnknownScope for what none of the pages has, PageChanged, and what a browser raises.
        """
        season = Season.asked(scope.season, scope.date_from, scope.date_to, self._today())
        first, last = asking.days(season.first_day, season.last_day, scope.date_from, scope.date_to)
        if first > last:
            raise UnknownScope(
                f"the days asked for do not lie in the season {season}",
                hint=f"it is from {season.first_day} to {season.last_day}; --season asks for another one",
            )
        offered, unreadable = self._offered(scope, fetcher)
        if not unreadable:  # else it may be there that a name stands
            _check_names("age group", scope.age_groups, [each.ages for _, _, each in offered.values()])
            _check_names("division", scope.divisions, [each.groups for _, _, each in offered.values()])
        parts = []
        for league, (page, endpoint, choices) in offered.items():
            groups = _ids(scope.divisions, choices.groups)
            if scope.divisions and not groups:
                continue
            for age_group, ages in choices.ages.items():
                if scope.age_groups and not _ids(scope.age_groups, {age_group: ages}):
                    continue
                question = Question(
                    page=page,
                    endpoint=endpoint,
                    tournament=self._tournaments[league].id,
                    age_group=age_group,
                    ages=ages,
                    groups=groups,
                    first=first.isoformat(),
                    last=last.isoformat(),
                    narrowed=bool(groups or scope.date_from or scope.date_to),
                )
                parts.append(Part(f"{league}-{age_group}-{season}", league, str(season), question.detail()))
        return parts + [Part(f"{league}-{season}", league, str(season), {}) for league in unreadable]

    def fetch(self, part: Part, fetcher: Fetcher) -> list[Answer]:
        """The pages of the part's list, all of them."""
        if not part.detail:
            self._choices(self._tournaments[part.league or ""], fetcher)
            raise SiteUnreachable(
                f"the page of {part.league} could not be read when the run was planned, and can be now",
                hint="the next run reads it",
            )
        question = Question.of(part.detail)
        reading = Asking(part.name, question, lambda answer, page: [*self._read(part, answer, page)])
        for _ in range(_VISITS):
            if fetcher.browse(question.page, reading.go_on):
                break
        return reading.answers

    def parse(self, part: Part, documents: Sequence[Answer]) -> Reading:
        """Every match of the pages once; where the list moved while it was read, as it was seen last."""
        said = []
        found: dict[str, Match | Reject] = {}
        for answer in documents:
            try:
                page = pages.read(answer)
            except pages.NotAFragment as error:
                raise PageChanged(f"{part.name}: what was read is no list of matches: {error}") from None
            said.append(page)
            if not isinstance(page, pages.Page):
                continue
            for index, row in enumerate(self._read(part, answer, page)):
                key = row.match_id or f"{answer.url} {index}"
                found.pop(key, None)
                found[key] = row
        if not said:
            raise PageChanged(f"{part.name}: there is no page to read")
        return Reading(
            observed_at=f"{min(answer.asked_at for answer in documents):%Y-%m-%dT%H:%M:%SZ}",
            matches=list(found.values()),
            # of "nothing there" nobody may conclude that what was there is gone
            complete=asking.is_whole(said) and not Question.of(part.detail).narrowed,
        )

    def _read(self, part: Part, answer: Answer, page: pages.Page) -> Iterator[Match | Reject]:
        rows = Rows(part.league, part.season, self._clocks, answer.url, answer.asked_at)
        return map(rows.read, page.rows)

    def _wanted(self, scope: Scope) -> dict[str, Tournament]:
        wanted = {league.casefold() for league in scope.leagues}
        if unknown := sorted(wanted - set(self._tournaments)):
            raise UnknownScope(
                f"{self.name} has no league {unknown[0]!r}",
                hint=f"leagues are: {', '.join(self._tournaments)}; sources.modular11.tournaments adds others",
            )
        return {league: each for league, each in self._tournaments.items() if not wanted or league in wanted}

    def _offered(
        self, scope: Scope, fetcher: Fetcher
    ) -> tuple[dict[str, tuple[str, str, Choices]], dict[str, TouchlineError]]:
        """What the wanted leagues' pages offer, and why others cannot be read. Raises where all of them cannot."""
        offered: dict[str, tuple[str, str, Choices]] = {}
        unreadable: dict[str, TouchlineError] = {}
        for league, tournament in self._wanted(scope).items():
            try:
                offered[league] = self._choices(tournament, fetcher)
            except (PageChanged, SiteRefused, SiteUnreachable) as error:
                log.warning("league_unreadable", source=self.name, league=league, reason=str(error))
                unreadable[league] = error
        if not offered:
            raise next(iter(unreadable.values()))
        return offered, unreadable

    def _choices(self, tournament: Tournament, fetcher: Fetcher) -> tuple[str, str, Choices]:
        """A tournament's page, where its matches are asked for, and what the page offers."""
        page, endpoint = urljoin(f"{self.site}/", tournament.page), f"{self.site}{asking.ENDPOINT}"
        for _ in range(1 + _FRAMES):
            found = fetcher.browse(page, selects.choices)
            if not isinstance(found, Framed):
                return page, endpoint, found
            log.info("schedule_in_a_frame", source=self.name, page=redact(page), frame=redact(found.address))
            page, endpoint = found.address, urljoin(found.address, asking.ENDPOINT)
        raise PageChanged(f"{redact(page)} is a frame in a frame, and has no schedule either")


def _check_names(what: str, asked: Sequence[str], offered: Sequence[Mapping[str, object]]) -> None:
    """Raises UnknownScope for a name that no page has."""
    there = {name.casefold(): name for each in offered for name in each}
    for name in asked:
        if name.casefold() not in there:
            known = ", ".join(sorted(there.values(), key=_by_number)) or "none"
            raise UnknownScope(f"the site has no {what} {name!r}", hint=f"it has: {known}")


def _ids(asked: Sequence[str], offered: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    names = {name.casefold() for name in asked}
    return tuple(number for name, numbers in offered.items() if name.casefold() in names for number in numbers)


def _by_number(name: str) -> tuple[int, str]:
    """U9 before U10."""
    number = re.search(r"\d+", name)
    return int(number[0]) if number else 0, name
