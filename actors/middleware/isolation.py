"""Lets one message run alone in its process: a lock that many hold together, or one alone.

A process that dies takes all messages with it that ran at that moment, and only one of them is to blame. So those that
were delivered before run alone: whichever is running when the process dies again did it. Queues whose messages take
seconds or minutes are a group of their own, since nobody could wait for them.
"""

from __future__ import annotations

import threading
from typing import Final

from contract.names import SCRAPES

#: Seconds between two looks at whether the process stops.
_LOOK: Final = 0.2


class Isolation:
    """Who runs in this process. A thread holds at most one place; that of a thread that is gone is free."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: dict[threading.Thread, tuple[str, bool]] = {}
        self._asking: dict[str, int] = {}
        self._stopping = False

    def enter(self, queue: str, *, alone: bool) -> bool:
        """Wait until a message of `queue` may run, alone or with others. False: the process stops, it may not."""
        group = _group(queue)
        with self._changed:
            self._asking[group] = self._asking.get(group, 0) + alone
            try:
                while not self._may_enter(group, alone=alone):
                    if self._stopping:
                        return False
                    self._changed.wait(_LOOK)
                self._holders[threading.current_thread()] = (group, alone)
                return True
            finally:
                self._asking[group] -= alone

    def leave(self) -> bool | None:
        """The message of this thread has ended. Returns whether it ran alone; None if it had not entered."""
        with self._changed:
            _, alone = self._holders.pop(threading.current_thread(), ("", None))
            self._changed.notify_all()
            return alone

    def stop(self) -> None:
        """From now on nobody waits, and who would have to may not run."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _may_enter(self, group: str, *, alone: bool) -> bool:
        for thread in [thread for thread in self._holders if not thread.is_alive()]:
            del self._holders[thread]
        inside = [held_alone for held_group, held_alone in self._holders.values() if held_group == group]
        # who asks to run alone would wait for ever if others kept coming
        return not inside if alone else not any(inside) and not self._asking.get(group)


def _group(queue: str) -> str:
    return SCRAPES if queue == SCRAPES else ""
