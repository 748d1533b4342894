"""Asks for something that may hang, and does not hang with it.

A question is put in a thread of its own. Whoever wants the answer waits a while for it at most, and all who come
meanwhile wait for the same one; an answer is good for a few seconds, so that many who look cost one question.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from contract.errors import TouchlineError, UnreachableError

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class TooSlow(UnreachableError):
    """It has not answered for as long as anybody would wait."""


class Asked(Generic[T]):
    """What `ask` returns, asked anew where that is older than `good_for` seconds. For any number of threads.

    `what` is its name in a sentence, `patience` for how many seconds its answer is waited for.
    """

    def __init__(
        self,
        what: str,
        ask: Callable[[], T],
        *,
        patience: float = 2.0,
        good_for: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._ask = ask
        self._patience = patience
        self._good_for = good_for
        self._clock = clock
        self._changed = threading.Condition()
        self._asking = False
        self._answers = 0
        self._answer: tuple[float, T | TouchlineError] | None = None

    def ask(self) -> None:
        """Have it asked, and do not wait: what is asked side by side is waited for once."""
        with self._changed:
            if not self._is_fresh() and not self._asking:
                self._begin()

    def answer(self) -> T | TouchlineError:
        """What it said, or why it did not. Never raises, never takes longer than `patience`."""
        with self._changed:
            if self._answer is not None and self._is_fresh():
                return self._answer[1]
            if not self._asking:
                self._begin()
            before = self._answers
            if self._changed.wait_for(lambda: self._answers > before, timeout=self._patience):
                assert self._answer is not None, "it is counted when it is there"
                return self._answer[1]
        return TooSlow(f"{self._what} has not answered for {self._patience:g} s", hint="see: touchline doctor")

    def _is_fresh(self) -> bool:
        return self._answer is not None and self._clock() - self._answer[0] <= self._good_for

    def _begin(self) -> None:
        self._asking = True
        threading.Thread(target=self._run, name=f"asking {self._what}", daemon=True).start()

    def _run(self) -> None:
        said: T | TouchlineError
        try:
            said = self._ask()
        except TouchlineError as error:
            said = error
        except Exception:
            _logger.exception("%s cannot be asked.", self._what)
            said = TouchlineError(f"{self._what} cannot be asked", hint="the console's log says why")
        with self._changed:
            self._answer = (self._clock(), said)
            self._answers += 1
            self._asking = False
            self._changed.notify_all()
