"""Decides what becomes of a message whose actor failed: tried again later, or dead.

Kinds of error (DESIGN section 3): *permanent* is dead at once; *transient* is tried again for as long as it lasts and
burns no attempt; *unknown* has 8 attempts over about ten minutes. Unlike with Dramatiq's own, a message whose retry
cannot be published goes back into its queue instead of being acked.

What only has to wait (`RateLimitExceeded`: a source that is being read) has not failed: it comes again soon, and as
evenly as before, however long it waits, and nothing of that is held against it.
"""

from __future__ import annotations

import logging
import random
import time
import traceback
from typing import Any, Final, Literal

from dramatiq import Broker, MessageProxy
from dramatiq.errors import ActorNotFound, BrokerError, RateLimitExceeded, Retry
from dramatiq.middleware import Middleware, Shutdown

from contract.broker.deliveries import Delivery
from contract.errors import PermanentError, TransientError

Kind = Literal["permanent", "transient", "unknown"]

#: Runs of an actor that fails for an unknown reason.
ATTEMPTS: Final = 8

#: Milliseconds: the first delay's bound, and the bound that doubling stops at. Delays are drawn evenly from nothing to
#: the bound (full jitter), so on average eight attempts take (10 + 20 + 40 + 80 + 160 + 320 + 600) / 2 s = 10 minutes.
#: No delay may be above ten minutes: delayed messages wait unacked, and RabbitMQ's consumer time-out is 30.
UNKNOWN: Final = (10_000, 600_000)
TRANSIENT: Final = (1_000, 60_000)

#: Milliseconds: between these the delay of what has to wait is drawn. A run takes seconds to minutes.
WAITING: Final = (5_000, 15_000)

#: Seconds for which a thread waits after the broker refused a retry: the message is delivered again right away.
REFUSED: Final = (0.5, 2.0)

#: Frames of the traceback that travels with a message.
_FRAMES: Final = 30

#: Characters of an error and of its traceback that do: both travel with each retry, which has to stay a message.
_CHARACTERS: Final = 20_000


def kind_of(exception: BaseException) -> Kind:
    """Whether another try can help. What is not ours to judge is unknown."""
    if isinstance(exception, PermanentError | ActorNotFound):
        return "permanent"
    if isinstance(exception, TransientError | Shutdown | RateLimitExceeded | Retry):
        return "transient"
    return "unknown"


class Retries(Middleware):
    """Tries failed messages again. Must stand before TimeLimit, so that no time limit runs while it publishes.

    Until it has decided, a delivery is one to give back: whatever breaks on the way, an exception that a time limit
    throws into the hooks included, the message is delivered again and never acked.
    """

    def __init__(self, *, rng: random.Random | None = None) -> None:
        self.logger = logging.getLogger(__name__)
        # spreads retries; nothing secret hangs on it
        self.random = rng or random.Random()  # noqa: S311

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        _give_back(message, True)

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        if exception is None:
            _give_back(message, False)
            return
        try:
            self._settle(broker, message, exception)
        except Exception:
            # something about this very message: it would come again and again
            _give_back(message, False)
            message.fail()
            raise

    def _settle(self, broker: Broker, message: MessageProxy, exception: BaseException) -> None:
        if isinstance(exception, Shutdown):
            self.logger.warning("Message %s goes back: the worker stops.", message.message_id)
            return
        if isinstance(message, Delivery) and message.overtaken:
            return  # it is delivered again; a copy beside that would be one more with each cut line
        waits = isinstance(exception, RateLimitExceeded)
        if not waits and self._decide(message, exception):
            _give_back(message, False)
            message.fail()
            return
        try:
            self._publish(broker, message, exception)
        except BrokerError as error:
            self.logger.warning("Message %s goes back: its retry was not taken: %s", message.message_id, error)
            if not isinstance(message, Delivery):
                message.fail()  # of a broker that knows no going back
            elif not message.overtaken:
                time.sleep(self.random.uniform(*REFUSED))  # or it would be here again at once
            return
        _give_back(message, False)

    def _decide(self, message: MessageProxy, exception: BaseException) -> bool:
        """Write the failure down in the message; returns whether it is given up."""
        kind = kind_of(exception)
        options = message.options
        options.setdefault("first_failed_at", int(time.time() * 1000))
        options["attempts"] = options.get("attempts", 0) + 1
        said = str(exception) or type(exception).__name__
        options["failure"] = {"reason": _reason(exception, kind), "error": said[:_CHARACTERS]}
        options["traceback"] = "".join(traceback.format_exception(exception, limit=-_FRAMES))[-_CHARACTERS:]
        options["failures"] = options.get("failures", 0) + (kind == "unknown")
        if kind != "permanent" and options["failures"] < ATTEMPTS:
            return False
        self.logger.error(
            "Giving up message %s after %d attempts: %s", message.message_id, options["attempts"], exception
        )
        return True

    def _publish(self, broker: Broker, message: MessageProxy, exception: BaseException) -> None:
        """Publish the copy that is tried again. Raises what the broker raises."""
        if isinstance(exception, RateLimitExceeded):
            delay = max(1, int(self.random.uniform(*WAITING)))
            self.logger.info("Message %s waits for %.1f s: %s", message.message_id, delay / 1000, exception)
            broker.enqueue(message._message, delay=delay)
            return
        kind, options = kind_of(exception), message.options
        # an outage that was sat out does not make the first unknown error wait for ten minutes
        delay = self._delay(kind, exception, options["failures"] if kind == "unknown" else options["attempts"])
        self.logger.warning(
            "Trying message %s again in %.1f s (%s): %s", message.message_id, delay / 1000, kind, exception
        )
        broker.enqueue(message._message, delay=delay)

    def _delay(self, kind: Kind, exception: BaseException, attempts: int) -> int:
        """Milliseconds until the next try, at least one."""
        if isinstance(exception, Retry) and exception.delay is not None:
            return max(1, min(exception.delay, UNKNOWN[1]))
        first, most = TRANSIENT if kind == "transient" else UNKNOWN
        return max(1, int(self.random.uniform(0, min(most, first * 2 ** min(attempts - 1, 20)))))


def _give_back(message: MessageProxy, returned: bool) -> None:
    if isinstance(message, Delivery):
        message.returned = returned


def _reason(exception: BaseException, kind: Kind) -> str:
    """A short stable code: the name of the error's class, and for unknown errors that attempts ran out."""
    return type(exception).__name__ if kind != "unknown" else f"attempts_exhausted:{type(exception).__name__}"
