"""Hands out the JSON Schemas beside this file: the single source of truth for what crosses the queue."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

#: What crosses the queue, and `match`, the row of a batch. `run` is the events of a run, `scrape` the order for one.
MESSAGES: Final = ("match", "batch", "standings", "run", "scrape")


@cache
def load(name: str) -> dict[str, Any]:
    """The schema of that name, draft 2020-12. Every call hands out the same dict: leave it as it is.

    References go from file to file by `$id`, whose address answers nowhere: resolve them among the schemas of
    `MESSAGES`. Raises KeyError for a name that is none of them.
    """
    if name not in MESSAGES:
        raise KeyError(f"there is no message {name!r}; there are: {', '.join(MESSAGES)}")
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(f"{name}.schema.json").read_text("utf-8"))
    return schema
