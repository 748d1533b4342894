"""A worker's log: as JSON where that is set, each line of a message with its ids.

`dramatiq` and `periodiq` set logging up before we are imported, as text. With `log_format = "json"` that is replaced as
soon as this process hears of it; otherwise theirs stays.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from dramatiq import Broker, MessageProxy
from dramatiq.middleware import Middleware

from contract.settings import load

#: Characters of an id: what a message says of itself is not believed, and not to fill a disk.
_LONGEST = 100


class Logs(Middleware):
    """Stands before whatever may log, and so ends after it."""

    def __init__(self) -> None:
        self._json = False

    def after_process_boot(self, _: Broker) -> None:
        self._json = log_as_json_if_wanted()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        if self._json:
            # imports structlog, which who logs as text does without
            from contract.logging import name_lines

            name_lines(**ids_of(message))

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        if self._json:
            from contract.logging import name_lines

            name_lines()

    after_skip_message = after_process_message


def log_as_json_if_wanted() -> bool:
    """Whether it is; from here on, to what is stderr now. Keeps the level that the program was told."""
    settings = load()
    if settings.log_format != "json":
        return False
    from contract.logging import configure

    configure("json", level=logging.getLevelName(logging.getLogger().level), stream=sys.stderr)
    return True


def ids_of(message: MessageProxy) -> dict[str, str]:
    """What tells the lines of `message` from others': its own id, its actor, and its run and source if it has them."""
    ids = {"message_id": message.message_id, "actor": message.actor_name, "queue": message.queue_name}
    for name in ("run_id", "source"):
        if isinstance(value := message.kwargs.get(name), str):
            ids[name] = value
    return {name: value[:_LONGEST] for name, value in ids.items()}
