"""The feeds that somebody named in `touchline.toml`, and what they wrote about each: `[sources.ics.feeds.NAME]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from contract.errors import ConfigurationError
from contract.fields import AgeGroup, Name
from ingest.errors import NotConfigured
from ingest.sources.options import options_of

if TYPE_CHECKING:
    from contract.settings import SourceSettings

#: `Ash vs Elm`, `Ash 2-1 Elm`, `Ash 1:1 (4:3) Elm`, `CANCELLED: Ash v. Elm`. A hyphen alone is none: many a training
#: has one.
SUMMARY: Final = (
    r"\W*(?:(?P<cancelled>cancell?ed)\W+|(?P<postponed>postponed)\W+)?"
    r"(?P<home>.+?) "
    r"(?:(?P<home_score>\d{1,3}) ?[-–:] ?(?P<away_score>\d{1,3})"
    r"(?: ?\((?P<home_penalties>\d{1,3}) ?[-–:] ?(?P<away_penalties>\d{1,3})\))?|vs?\.?)"
    r" (?P<away>.+)"
)

#: A summary that is longer is not looked at: what a pattern may cost grows with what it is tried on.
LONGEST_SUMMARY: Final = 300

_PAIRS: Final = (("home_score", "away_score"), ("home_penalties", "away_penalties"))
_GROUPS: Final = frozenset(
    (*_PAIRS[0], *_PAIRS[1], "home", "away", "age_group", "division", "round", "cancelled", "postponed")
)

#: What `--league` is asked for, and the beginning of the part's name and of the matches' ids.
_League = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[\w .-]+$")]


class Feed(BaseModel):
    """One calendar. Its name in the file is the name of its league."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    #: Patterns, of which the first that fits the whole of a summary says what is in it.
    summary: tuple[str, ...] = Field(default=(SUMMARY,), min_length=1)
    #: Where the summary does not name one.
    age_group: AgeGroup | None = None
    #: Of the venues, for times that name no zone (or UTC) and for the days of the matches.
    timezone: str
    match_type: Name = "League"
    division: Name | None = None
    #: What becomes of an event whose summary no pattern fits: a reject, or nothing.
    others: Literal["reject", "skip"] = "reject"
    #: Whether the calendar has the whole season, so that a match that it no longer has is withdrawn.
    complete: bool = True

    @field_validator("url", mode="after")
    @classmethod
    def _web_address(cls, url: str) -> str:
        scheme, colon, rest = url.strip().partition(":")
        address = ("https" if scheme.lower() in ("webcal", "webcals") else scheme.lower()) + colon + rest
        try:
            usable = urlsplit(address).scheme in ("http", "https") and bool(urlsplit(address).hostname)
        except ValueError:
            usable = False
        if not usable:
            # without the value: the address of a private calendar is its password
            raise PydanticCustomError("url", "is no address; write it like https://example.org/calendar.ics")
        return address

    @field_validator("summary", mode="before")
    @classmethod
    def _one_or_more(cls, summary: object) -> object:
        return (summary,) if isinstance(summary, str) else summary

    @field_validator("summary", mode="after")
    @classmethod
    def _usable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for text in patterns:
            try:
                named = set(re.compile(text, re.IGNORECASE).groupindex)
            except (re.error, OverflowError, RecursionError) as error:
                raise _wrong(f"is no regular expression: {error}") from None
            if missing := sorted({"home", "away"} - named):
                raise _wrong(f"does not name {' and '.join(missing)}: write (?P<{missing[0]}>…)")
            if unknown := sorted(named - _GROUPS):
                raise _wrong(f"names {unknown[0]!r}; it may name {', '.join(sorted(_GROUPS))}")
            for home, away in _PAIRS:
                if (home in named) is not (away in named):
                    raise _wrong(f"names one of {home} and {away}; both are needed")
            if "home_penalties" in named and "home_score" not in named:
                raise _wrong("names the goals of a shoot-out, and not those of the match")
        return patterns

    @field_validator("timezone", mode="after")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (KeyError, ValueError, OSError):
            raise PydanticCustomError("timezone", "is no time zone; write it like Europe/Berlin") from None

    @model_validator(mode="after")
    def _of_some_age(self) -> Self:
        if self.age_group is None and not all("age_group" in re.compile(text).groupindex for text in self.summary):
            raise PydanticCustomError("age_group", "has no age_group, and not every pattern in summary names one")
        return self

    def fit(self, summary: str) -> dict[str, str] | None:
        """What `summary` says, by the names of the pattern's groups; None where no pattern fits the whole of it."""
        summary = " ".join(summary.split())
        if len(summary) > LONGEST_SUMMARY:
            return None
        for text in self.summary:
            if found := re.fullmatch(text, summary, re.IGNORECASE):
                return {name: value.strip() for name, value in found.groupdict().items() if value and value.strip()}
        return None


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    feeds: dict[_League, Feed] = Field(default_factory=dict)


def feeds_of(settings: SourceSettings, source: str) -> dict[str, Feed]:
    """The feeds by name. Raises NotConfigured where there are none, ConfigurationError where one is not in order."""
    if settings.url is not None:
        raise ConfigurationError(
            f"sources.{source}.url (TOUCHLINE_{source.upper()}_URL) replaces nothing: each feed has an address",
            hint=f"set sources.{source}.feeds.NAME.url",
        )
    try:
        feeds = options_of(settings, source, _Options).feeds
    except ConfigurationError as error:
        raise ConfigurationError(str(error), hint=f"see docs/sources.md, section `{source}`") from None
    if not feeds:
        raise NotConfigured(
            "no calendar is named in touchline.toml",
            hint=f"name one in [sources.{source}.feeds.NAME], with url, age_group and timezone: see docs/sources.md",
        )
    return feeds


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("summary", "{what}", {"what": what})
