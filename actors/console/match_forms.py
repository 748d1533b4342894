"""The form that corrects a match: what it shows, and what somebody meant who changed something in it.

It carries each field twice, as it was shown and as it is said now. What differs is meant, and no field
else: not one that the site changed while the page was open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from actors.errors import NotCorrectable
from actors.store.corrections import CORRECTABLE, Value
from actors.words import zone

#: What stands before the name of a field that says what was shown.
WAS: Final = "was_"

#: As a browser writes a moment without seconds.
_LOCAL: Final = "%Y-%m-%dT%H:%M"


def shown(match: Mapping[str, Any]) -> dict[str, str]:
    """The fields as the form has them; a kick-off in the venue's time. Empty text stands for no value."""
    values = {field: "" if match[field] is None else str(match[field]) for field in CORRECTABLE}
    if match["kickoff"] is not None:
        values["kickoff"] = match["kickoff"].astimezone(zone(match)).strftime(_LOCAL)
    return values


def meant(match: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Value]:
    """Field → value as in the contract, of those that `form` changes. Raises NotCorrectable.

    `match` is as it stands now; a field that is no longer what the form showed is not overruled unseen.
    """
    now = shown(match)
    said: dict[str, Value] = {}
    for field in CORRECTABLE:
        # browsers send line breaks of their own kind
        was, value = (_plain(form.get(name, "")) for name in (WAS + field, field))
        if value == was:
            continue
        if _plain(now[field]) != was:
            raise NotCorrectable(
                f"{field} is {now[field] or 'nothing'} by now, and was {was or 'nothing'} when you saw it",
                hint="look at the match again, and correct what is still wrong",
            )
        said[field] = _value(field, value, match)
    return said


def refreshed(now: Mapping[str, str], form: Mapping[str, str]) -> dict[str, str]:
    """What the form shows when it comes again: what somebody changed in it as they said it, all else as it is `now`."""
    return {
        field: form[field] if field in form and _plain(form[field]) != _plain(form.get(WAS + field, "")) else value
        for field, value in now.items()
    }


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _value(field: str, text: str, match: Mapping[str, Any]) -> Value:
    if not text:
        return None
    if field.endswith(("_score", "_penalties")):
        if not text.isascii() or not text.isdigit():
            raise NotCorrectable(f"{text!r} is no number of goals")
        return int(text)
    if field == "kickoff":
        try:
            moment = datetime.strptime(text[:16], _LOCAL).replace(tzinfo=zone(match))
        except ValueError:
            raise NotCorrectable(f"{text!r} is no time for a kick-off", hint="write it as 2026-10-10T14:00") from None
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text
