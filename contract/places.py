"""Where the store and the queue are, by the settings; the embedded server is started where nothing is configured.

One process uses one embedded server a home, and leaves it when it ends.
"""

from __future__ import annotations

import threading
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from contract.embedded import EmbeddedPostgres
    from contract.settings import Settings

#: The scheme of an address that stands for the embedded server of a home: `embedded:///var/lib/touchline`.
EMBEDDED: Final = "embedded"

_servers: dict[Path, EmbeddedPostgres] = {}
_mutex = threading.Lock()


def database_url(settings: Settings) -> str:
    """The store's address. Starts or joins the embedded server if it is the store.

    Raises ConfigurationError or UnreachableError where that fails.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded(settings.home).start()


def broker_url(settings: Settings) -> str:
    """The queue's address, a real one: starts or joins the embedded server if it is the queue."""
    return settings.rabbitmq_url.get_secret_value() if settings.rabbitmq_url else database_url(settings)


def broker_address(settings: Settings) -> str:
    """The queue's address as `contract.broker` takes it, without reaching any server.

    Where the queue is the embedded server this is `embedded://…`, and the broker starts it when it first needs it.
    """
    for url in (settings.rabbitmq_url, settings.database_url):
        if url is not None:
            return url.get_secret_value()
    return f"{EMBEDDED}://{quote(str(settings.home))}"


def home_of(address: str) -> Path:
    """The home in an `embedded://…` address."""
    return Path(unquote(urlsplit(address).path))


def embedded(home: Path) -> EmbeddedPostgres:
    """This process's part in the embedded server of `home`. It is started by `start`, and released at the end."""
    from contract.embedded import EmbeddedPostgres

    with _mutex:
        if home not in _servers:
            if not _servers:
                # atexit alone would not do: workers are forked by multiprocessing, which skips it
                Finalize(None, release, exitpriority=0)
            _servers[home] = EmbeddedPostgres(home)
        return _servers[home]


def release() -> None:
    """Leave the embedded servers that this process uses; whoever leaves last stops them. Safe to call again."""
    with _mutex:
        servers = list(_servers.values())
    for server in servers:
        server.release()
