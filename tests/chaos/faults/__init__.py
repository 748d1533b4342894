"""The faults, one function each: it starts workers, puts them under load, does its harm, and says when that ended."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.chaos.world import World

Body = Callable[[World], None]

BROKERS: Final = ("rabbitmq", "embedded")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table. `rabbitmq` and `postgresql` say whether it hurts that server itself."""

    name: str
    title: str
    body: Body
    rabbitmq: str
    postgresql: str
    brokers: tuple[str, ...]
    #: The one broker that it is for, whatever the others run on.
    on: str | None
    #: It takes longer than others, and begins before them.
    long: bool = False

    @property
    def hurts(self) -> str | None:
        """The lane that it has to run in: of faults that hurt one server, one runs at a time."""
        return next((name for name in ("rabbitmq", "postgresql") if getattr(self, name) == "hurt"), None)

    def which(self) -> dict[str, str]:
        return {"rabbitmq": self.rabbitmq, "postgresql": self.postgresql}


#: By name; `load` gives them in the order of the table.
FAULTS: dict[str, Fault] = {}

_ORDER: Final = ("workers", "poison", "producers", "brokers", "databases", "messages", "letters", "clocks")


def fault(
    name: str,
    *,
    hurts: str | None = None,
    brokers: tuple[str, ...] = BROKERS,
    on: str | None = None,
    long: bool = False,
) -> Callable[[Body], Body]:
    """Registers a fault. Its docstring's first line is its title; `hurts` names the server that it kills or stops."""

    def register(body: Body) -> Body:
        title = (body.__doc__ or name).strip().splitlines()[0].rstrip(".")
        servers = {server: "hurt" if hurts == server else "shared" for server in ("rabbitmq", "postgresql")}
        FAULTS[name] = Fault(name, title, body, **servers, brokers=brokers, on=on, long=long)
        return body

    return register


def load() -> dict[str, Fault]:
    """All faults; importing their modules registers them."""
    for module in _ORDER:
        importlib.import_module(f"{__name__}.{module}")
    return dict(sorted(FAULTS.items(), key=lambda item: _ORDER.index(item[1].body.__module__.rpartition(".")[2])))
