"""What query and path parameters are: bounded text that PostgreSQL takes, days, times, ids."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from contract.fields import NO_NUL
from contract.fields import Date as Day
from contract.fields import Season as SeasonName

_AGO: Final = re.compile(r"(\d{1,5})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}

#: Years that PostgreSQL and Python both have, with room for time zones.
_EARLIEST: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LATEST: Final = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)

Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NO_NUL)]

#: Values of a filter that may be given several times: any of them will do.
Several = Annotated[list[Text] | None, Field(max_length=50)]


def _moment(value: Any) -> Any:
    """`2026-10-01T18:00:00Z`, or so long ago: `24h`, `30m`, `7d`."""
    if not isinstance(value, str):
        return value
    try:
        if ago := _AGO.fullmatch(value):
            moment = dt.datetime.now(dt.UTC) - dt.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            moment = dt.datetime.fromisoformat(value)
            moment = moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ValueError("write a time like 2026-10-01T18:00:00Z, a day like 2026-10-01, or 24h, 30m, 7d") from None
    return min(max(moment, _EARLIEST), _LATEST)


#: A day that is in every month: the document promises no more than is kept.
_DAY: Final = "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_TIME: Final = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"

Since = Annotated[
    dt.datetime | None,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "type": "string",
            "anyOf": [{"pattern": f"^{form}$"} for form in ("[0-9]{1,5}[mhd]", _DAY, f"{_DAY}T{_TIME}")],
            "examples": ["24h", "2026-10-01", "2026-10-01T18:00:00Z"],
        }
    ),
]

Date = Annotated[
    Day,
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-[0-9]{2}$"}),
]

Season = Annotated[
    SeasonName, WithJsonSchema({"type": "string", "enum": [f"20{n:02}-{(n + 1) % 100:02}" for n in range(100)]})
]

_Id = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]

#: As parts of a path.
Source = Annotated[_Id, Path(description="The source, as in `source` of a match.")]
MatchId = Annotated[_Id, Path(description="The match at its source.")]
