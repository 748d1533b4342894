"""The values that fields of a message may have, as types that producer and consumer build their models of.

Each type here stands for one definition of the JSON Schemas; tests/contract holds the two together. Which fields a
message has, and how much of what it does not know a side puts up with, is each model's own affair.

Strings are plain text that JSON and PostgreSQL can hold: no U+0000 (PostgreSQL has no way to store it), no half of a
surrogate pair (UTF-8 has no way to write it), never longer than the type says. Dates and times stay strings.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints
from pydantic_core import PydanticCustomError

#: Pydantic's patterns are Rust's: `$` is the very end, and a lone surrogate does not get that far.
NO_NUL: Final = r"^[^\x00]*$"

_DAY = r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"


# A batch repeats few dates and times many times; what was found right once need not be parsed again.
@lru_cache(maxsize=4096)
def _existing(value: str) -> str:
    try:
        dt.date.fromisoformat(value[:10])
    except ValueError:
        raise PydanticCustomError("no_such_date", "there is no such date") from None
    return value


@lru_cache(maxsize=256)
def _consecutive(value: str) -> str:
    if int(value[5:]) != (int(value[2:4]) + 1) % 100:
        raise PydanticCustomError("no_such_season", "a season ends in the year after the one that it starts in")
    return value


#: The identity of a thing at its source.
Id = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, pattern=NO_NUL)]
#: What something is called, briefly: a league, a division, a round, a source.
Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, pattern=NO_NUL)]
#: What something is called on a site: a team, a club, a venue.
Label = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=300, pattern=NO_NUL)]
#: Sentences.
Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2000, pattern=NO_NUL)]
#: The text of a published figure, which may be empty.
Figure = Annotated[str, StringConstraints(strict=True, max_length=300, pattern=NO_NUL)]
#: An absolute address on the web; nothing else may become a link.
Url = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2000, pattern=r"^https?://[^\x00-\x20]+$")]
#: A calendar day, `2026-09-05`.
Date = Annotated[str, StringConstraints(strict=True, max_length=10, pattern=f"^{_DAY}$"), AfterValidator(_existing)]
#: An instant in UTC, `2026-09-05T13:00:00Z`, with up to six decimals.
Utc = Annotated[
    str, StringConstraints(strict=True, max_length=27, pattern=f"^{_DAY}T{_TIME}Z$"), AfterValidator(_existing)
]
#: A season, `2026-27`.
Season = Annotated[
    str, StringConstraints(strict=True, max_length=7, pattern=r"^20[0-9]{2}-[0-9]{2}$"), AfterValidator(_consecutive)
]
#: U6 to U23.
AgeGroup = Annotated[str, StringConstraints(strict=True, max_length=3, pattern=r"^U(?:[6-9]|1[0-9]|2[0-3])$")]
#: The name of a time zone in the IANA database, `America/New_York`.
Timezone = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]
#: A run's UUID, in lower case.
RunId = Annotated[
    str,
    StringConstraints(
        strict=True, max_length=36, pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    ),
]
#: Why something was refused, for programs: `no_such_date`.
Reason = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]

Status = Literal["scheduled", "completed", "postponed", "cancelled", "forfeit"]
Trigger = Literal["cli", "schedule", "api"]
FailureKind = Literal["permanent", "transient", "unknown"]

Flag = Annotated[bool, Strict()]

#: The largest that the store's integer columns hold.
LARGEST: Final = 2_147_483_647
#: Statuses whose date may be unknown: a site that moves such a match to a placeholder has forgotten when it was due.
DATELESS: Final = frozenset({"postponed", "forfeit"})

Number = Annotated[float, Field(strict=True, ge=-1000, le=1000, allow_inf_nan=False)]


def check_match(
    status: str,
    date: str | None,
    home_score: int | None,
    away_score: int | None,
    home_penalties: int | None,
    away_penalties: int | None,
) -> None:
    """The rules between a match's fields. Raises PydanticCustomError, whose type is the reason."""
    if date is None and status not in DATELESS:
        raise PydanticCustomError("date_missing", "only a postponed or forfeited match may be without a date")
    if (home_score is None) is not (away_score is None):
        raise PydanticCustomError("one_score_without_the_other", "there is one score without the other")
    if home_score is None and status == "completed":
        raise PydanticCustomError("completed_without_scores", "a completed match has both scores")
    if home_penalties is None and away_penalties is None:
        return
    if home_penalties is None or away_penalties is None:
        raise PydanticCustomError(
            "one_penalty_score_without_the_other", "there is one shoot-out score without the other"
        )
    if home_score is None:
        raise PydanticCustomError("penalties_without_scores", "there are shoot-out scores without a score")
    if home_score != away_score:
        raise PydanticCustomError("penalties_without_a_draw", "there are shoot-out scores, and the match was no draw")


def check_unique(values: list[str] | tuple[str, ...]) -> None:
    """Raises PydanticCustomError where a value stands twice."""
    if len(set(values)) < len(values):
        raise PydanticCustomError("named_twice", "a part is named twice")
