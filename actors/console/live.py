"""`/live`: tells browsers that there is something else to be seen, as server-sent events.

Nothing of what is to be seen is in them: an event is a word that stands for it, and a page that shows it is fetched
again (`static/console.js`). All who listen cost one query every few seconds; nobody listening costs none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from actors.console.access import Reader
from actors.console.database import Store
from actors.console.errors import Busy
from actors.store.reading import reading
from contract.errors import TouchlineError

#: Who may listen at once: half of the requests that are served at a time. Whoever comes beyond that looks by the clock.
LISTENERS: Final = 32

#: Seconds between two looks at the store, and after which something is sent so that a line that is cut is noticed.
LOOK: Final = 3.0
SILENCE: Final = 15.0

router = APIRouter()

_logger = logging.getLogger(__name__)


class Live:
    """Who listens, and the word that was told last. `ask` may take its time; it is called in a thread."""

    def __init__(self, ask: Callable[[], str], *, look: float = LOOK, silence: float = SILENCE) -> None:
        self._ask = ask
        self._look = look
        self._silence = silence
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._version = ""
        self._ended = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def listen(self) -> asyncio.Queue[str | None]:
        """The place of one more listener, until it is left. To be called in the event loop. Raises Busy."""
        if self._ended or len(self._listeners) >= LISTENERS:
            raise Busy("as many pages as can be are kept up to date already", hint="load this one again to refresh it")
        place: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(place)
        self._loop = asyncio.get_running_loop()
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._watch())
        elif self._version:
            place.put_nowait(self._version)
        return place

    def leave(self, place: asyncio.Queue[str | None]) -> None:
        """Whoever had that place listens no more; the last one to leave ends the looking."""
        self._listeners.discard(place)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    def end(self) -> None:
        """The server stops: every stream ends. For any thread."""
        self._ended = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and so is every stream
                self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for queue in self._listeners:
            queue.put_nowait(None)

    async def events(self, place: asyncio.Queue[str | None]) -> AsyncIterator[str]:
        """What whoever has that place is sent, until the server stops."""
        yield f"retry: {int(self._look * 1000)}\n\n"
        while True:
            try:
                version = await asyncio.wait_for(place.get(), self._silence)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if version is None:
                return
            yield f"event: version\ndata: {version}\n\n"

    async def _watch(self) -> None:
        """Look for as long as anybody listens; a store that is away is told of as something else to be seen."""
        self._version = ""
        while True:
            try:
                version = await asyncio.to_thread(self._ask)
            except TouchlineError as error:
                _logger.debug("What is to be seen cannot be told: %s", error)
                version = "away"
            if version != self._version:
                self._version = version
                for queue in self._listeners:
                    queue.put_nowait(version)
            await asyncio.sleep(self._look)


def live_of(store: Store) -> Live:
    """That of the console over `store`."""

    def ask() -> str:
        with store.connection() as connection, reading(connection, "latest") as found:
            return str(next(found.rows)["version"])

    return Live(ask)


class _Stream(StreamingResponse):
    """The events for one listener, whose place is free again however the stream ends, also before it began."""

    def __init__(self, told: Live) -> None:
        self._told = told
        self._place = told.listen()
        super().__init__(told.events(self._place), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._told.leave(self._place)


@router.get("/live", dependencies=[Reader], include_in_schema=False)
async def live(request: Request) -> Response:
    return _Stream(request.app.state.live)
