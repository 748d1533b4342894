"""Serves the console by uvicorn until it is told to stop."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from actors.console.app import make_app
from contract.addresses import split_listen
from contract.errors import ConfigurationError
from contract.settings import Settings

#: Requests at a time; whoever comes beyond that is told to come again (503).
AT_ONCE: Final = 64

#: Seconds that requests get to finish when it is stopped; streams that have no end are cut then.
GRACE: Final = 3


@contextmanager
def serving(settings: Settings, *, store_url: str, token: str) -> Iterator[str]:
    """Answers on `console_listen` while the body runs; yields its address for a browser.

    Raises ConfigurationError where it cannot listen there.
    """
    host, port = split_listen(settings.console_listen)
    listening = _listen(host, port)
    # that it starts and stops says the command
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    app = make_app(settings, store_url=store_url, token=token)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=AT_ONCE,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=16 * 1024,
        http="h11",
        ws="none",
        loop="asyncio",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="console", daemon=True)
    thread.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{port}"
    finally:
        # streams have no end of their own
        app.state.live.end()
        server.should_exit = True
        thread.join()
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=64)
    except OSError as error:
        taken = "another program has that port" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise ConfigurationError(
            f"the console cannot listen on {host} port {port}: {taken}", hint="TOUCHLINE_CONSOLE_LISTEN names another"
        ) from None
