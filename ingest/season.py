"""Seasons: `2026-27` begins on 1 August 2026 and ends on 31 July 2027.

MLS NEXT plays from late August to June, and publishes the next season's fixtures in August (SOURCES section 1); in
July nothing of the new season is there, so July belongs to the old one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ingest.errors import UnknownScope

_FIRST_MONTH: Final = 8
_WRITTEN: Final = re.compile(r"(20\d\d)-(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Season:
    """A season by the year that it begins in; `str` is the contract's form, `2026-27`."""

    year: int

    def __str__(self) -> str:
        return f"{self.year}-{(self.year + 1) % 100:02}"

    @property
    def first_day(self) -> date:
        return date(self.year, _FIRST_MONTH, 1)

    @property
    def last_day(self) -> date:
        return date(self.year + 1, _FIRST_MONTH, 1) - timedelta(days=1)

    @property
    def years(self) -> tuple[str, str]:
        """Both years by their last two digits, as keys of feeds have them: `("26", "27")`."""
        return f"{self.year % 100:02}", f"{(self.year + 1) % 100:02}"

    @classmethod
    def of(cls, day: date) -> Season:
        """The season that `day` lies in."""
        return cls(day.year if day.month >= _FIRST_MONTH else day.year - 1)

    @classmethod
    def parse(cls, text: str) -> Season:
        """The season written as `2026-27`. Raises UnknownScope."""
        written = _WRITTEN.fullmatch(text.strip())
        if written is None:
            raise UnknownScope(f"{text!r} is not a season", hint="write it as 2026-27")
        season = cls(int(written[1]))
        if season.years[1] != written[2]:
            raise UnknownScope(
                f"{text!r} is not a season: the second year must follow the first", hint=f"did you mean {season}?"
            )
        return season

    @classmethod
    def asked(cls, written: str | None, date_from: date | None, date_to: date | None, today: date) -> Season:
        """The season of a scope: the one that it names, else the running one, else the one that its dates lie in.

        Dates count only where they lie wholly outside the running season: `--from` last March means last season.
        """
        if written is not None:
            return cls.parse(written)
        running = cls.of(today)
        if date_to is not None and date_to < running.first_day:
            return cls.of(date_to)
        if date_from is not None and date_from > running.last_day:
            return cls.of(date_from)
        return running
