"""What a piece of news looks like to whoever receives it (docs/notices.md): JSON, with a sentence for a person in it.

    {"type": "run.failed", "timestamp": "2026-10-03T22:31:07Z", "text": "…", "data": {…}}

`type`, `timestamp` and `data` are as the Standard Webhooks specification has them; `text` is what chat programs show.
"""

from __future__ import annotations

import datetime as dt
import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

from actors.store.news import News

#: The type of what is sent to see whether it arrives.
TEST: Final = "test"

#: Characters of an error that the sentence shows; `data` has all of it.
_SHOWN: Final = 300

_VERDICTS: Final = {"run.suspect": "is suspect", "run.failed": "failed", "run.interrupted": "was interrupted"}
_BAD: Final = {"suspect": "were suspect", "failed": "failed", "interrupted": "were interrupted"}
_LISTS: Final = ("leagues", "age_groups", "divisions", "teams")


def body_of(news: News) -> bytes:
    """The body of the request that brings it."""
    return _body(news.kind, news.at, sentence(news), news.payload)


def test_body(at: dt.datetime) -> bytes:
    """The body of a notice that says nothing but that notices arrive."""
    return _body(TEST, at, "Touchline: a test. Notices arrive here.", {})


def sentence(news: News) -> str:
    """The news in a sentence or two, with what to type next."""
    if news.kind == "dead_letters":
        return _of_letters(news.payload)
    if news.kind.startswith("correction."):
        return _of_corrections(news.kind, news.payload)
    if news.kind in ("table.disagrees", "table.agrees"):
        return _of_table(news.kind, news.payload)
    return _of_recovery(news.payload) if news.kind == "source.recovered" else _of_run(news.kind, news.payload)


def _of_run(kind: str, data: Mapping[str, Any]) -> str:
    run = str(data["run_id"])[:8]
    why = f": {_short(data['error'])}" if data.get("error") else ""
    return f"Touchline: run {run} of {_asked(data)} {_VERDICTS[kind]}{why}. See: touchline runs {run}"


def _of_recovery(data: Mapping[str, Any]) -> str:
    run, counts = str(data["run_id"])[:8], data["counts"]
    return (
        f"Touchline: {_asked(data)} is well again: run {run} found {_counted(counts['found'], 'match', 'es')}, "
        f"{counts['inserted']:,} new, {counts['updated']:,} changed. Its runs {_BAD[data['was']]} since "
        f"{_minute(data['since'])} UTC."
    )


def _of_letters(data: Mapping[str, Any]) -> str:
    counts, scope = data["counts"], data["scope"]
    source = f" from {data['source']}" if data.get("source") else ""
    run = f" --run {str(data['run_id'])[:8]}" if data.get("run_id") else ""
    return (
        f"Touchline: {_counted(counts['letters'], 'dead letter', 's')}{source} "
        f"({_counted(counts['matches'], 'match', 'es')}), {scope['reason']}: {_short(data['error'])}. "
        f"See: touchline dead list{run}"
    )


def _of_corrections(kind: str, data: Mapping[str, Any]) -> str:
    which = f"{data['source']} {data['scope']['match_id']} ({' – '.join(map(_short, data['teams']))})"
    told = data["corrections"]
    if kind == "correction.site_agrees":
        said = ", ".join(f"{each['field']} is {_value(each['value'])}, as {_short(each['by'])} said" for each in told)
        what = f"came round: {said}"
    else:
        said = ", ".join(f"{each['field']} {_value(each['value'])} of {_short(each['by'])}" for each in told)
        what = f"says what no longer goes with a correction, which rests: {said}"
    match_id = shlex.quote(data["scope"]["match_id"])
    return f"Touchline: of {which} the site {what}. See: touchline match show {match_id} --source {data['source']}"


def _value(value: str | None) -> str:
    return "nothing" if value is None else _short(value)


def _of_table(kind: str, data: Mapping[str, Any]) -> str:
    scope = data["scope"]
    which = " ".join(scope[name] for name in ("league", "age_group", "division", "season") if scope[name])
    if kind == "table.agrees":
        return f"Touchline: the table {which} of {data['source']} agrees with the official one again."
    words = ["touchline", "table", "--official", "--age-group", scope["age_group"], "--division", scope["division"]]
    command = shlex.join([*words, "--season", scope["season"]])
    return (
        f"Touchline: the table {which} of {data['source']} disagrees with the official one: {_short(data['error'])}. "
        f"See: {command}"
    )


def _asked(data: Mapping[str, Any]) -> str:
    """`mlsnext (league homegrown, U14)`."""
    scope = data["scope"]
    said = [str(value) for name in _LISTS for value in scope.get(name, ())]
    said += [str(scope[name]) for name in ("season", "date_from", "date_to") if scope.get(name)]
    return f"{data['source']} ({', '.join(said)})" if said else str(data["source"])


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _counted(number: int, noun: str, plural: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def _minute(moment: str) -> str:
    return dt.datetime.fromisoformat(moment).astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")


def _body(kind: str, at: dt.datetime, text: str, data: Mapping[str, Any]) -> bytes:
    timestamp = at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    whole = {"type": kind, "timestamp": timestamp, "text": text, "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
