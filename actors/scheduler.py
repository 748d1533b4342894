"""What the process `periodiq actors` does each minute: it sends a tick, and outlives a broker that does not take it.

periodiq ends itself when a send fails, and ignores SIGTERM where it is process 1 (DESIGN section 3). So the actor that
it fires swallows neither: a tick that is not taken is said and left out, because the next one makes up for it
(`actors.store.slots`), and SIGTERM ends the process with exit code 0.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final

import dramatiq
from dramatiq.errors import BrokerError
from dramatiq.middleware import Middleware

from actors import metrics
from actors.heart import Heart
from actors.middleware.boot import refuse
from actors.middleware.logs import log_as_json_if_wanted
from contract.errors import ConfigurationError, TouchlineError

#: Characters of a sentence for `touchline health`.
_LONGEST: Final = 300

_logger = logging.getLogger(__name__)


class EachMinute:
    """`* * * * *`, the only line that periodiq is given: of others it gets Sundays and first runs wrong.

    What its `cron("* * * * *")` would be, without the seventh of a second that importing it costs each worker.
    """

    def validate(self, moment: Any) -> bool:
        return True

    def next_valid_date(self, last: Any) -> Any:
        """The beginning of the next minute; `last` is a pendulum.DateTime."""
        return last.replace(second=0, microsecond=0).add(minutes=1)

    def __str__(self) -> str:
        return "* * * * *"


class Periodic(Middleware):
    """Lets actors be `periodic`. periodiq's own also acks what is late, unseen; a late tick is as good as any."""

    actor_options = {"periodic"}  # noqa: RUF012 - as Dramatiq has it


class Tick(dramatiq.Actor[Any, Any]):
    """The actor that periodiq fires: sending it raises nothing because of a broker that is away or full.

    Only the scheduler sends it by itself, so the first time is also where SIGTERM is given a meaning.
    """

    _began = False
    _idle: str | None = None
    #: time.monotonic of the last try, and of the last tick that was confirmed.
    _tried: float | None = None
    _sent: float | None = None
    _heart: Heart | None = None

    def send_with_options(self, **options: Any) -> dramatiq.Message[Any]:
        first, self._began = not self._began, True
        if first:
            _end_on_sigterm()
            log_as_json_if_wanted()
            metrics.start()
            metrics.expect_ticks()
            self._heart = Heart("scheduler", self._describe)
            self._heart.start()
        self._tried = time.monotonic()
        try:
            message = super().send_with_options(**options)
        except ConfigurationError as error:
            if first:
                refuse(error)
            self._say(error)
        except (TouchlineError, BrokerError) as error:
            self._say(error)
        else:
            metrics.count_tick(sent=True)
            self._sent = time.monotonic()
            if self._idle is not None:
                _logger.warning("The queue takes ticks again.")
                self._idle = None
            self._hurry()
            return message
        return self.message_with_options()

    def _say(self, error: Exception) -> None:
        # once a minute, as often as there is a tick: whoever looks at the log sees that it is alive, and why idle
        self._idle = str(error)
        metrics.count_tick(sent=False)
        self._hurry()
        _logger.warning("Idle: no tick was sent; what comes due meanwhile is caught up. %s", error)

    def _hurry(self) -> None:
        if self._heart is not None:
            self._heart.hurry()

    def _describe(self) -> Mapping[str, Any]:
        now = time.monotonic()
        return {
            "tried_since": None if self._tried is None else now - self._tried,
            "sent_since": None if self._sent is None else now - self._sent,
            "refused": self._idle and self._idle[:_LONGEST],
        }


def _end_on_sigterm() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)


def _end(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)
