"""The application: every route, and what all of them are held to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from actors.console import api, calendar, live, pages, signing_in
from actors.console.access import Access, open_to_read
from actors.console.bounds import Bounds
from actors.console.database import Store
from actors.console.problems import answer, handle
from actors.console.situation import Observer
from contract.addresses import split_listen
from contract.settings import Settings

_STATIC: Final = Path(__file__).parent / "static"

#: Names of this machine to itself.
_LOCAL: Final = frozenset({"localhost"})


class _Static(StaticFiles):
    """Style and script change with a version of Touchline alone, and are asked for on every page."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response


def make_app(settings: Settings, *, store_url: str, token: str) -> FastAPI:
    """The console over the store at `store_url`. Opens no connection before it is asked something."""
    store = Store(store_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    # its own pages of the API's documents load scripts from other hosts
    app = FastAPI(title="Touchline", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.settings = settings
    app.state.store = store
    app.state.observer = Observer(settings, store)
    app.state.live = live.live_of(store)
    app.state.access = Access(token, open_to_read=open_to_read(settings))
    handle(app)
    app.mount("/static", _Static(directory=_STATIC))
    app.include_router(signing_in.router, include_in_schema=False)
    app.include_router(live.router)
    app.include_router(calendar.router, include_in_schema=False)
    app.include_router(pages.router)
    app.include_router(api.router)
    names = _LOCAL | {split_listen(settings.console_listen)[0].lower(), *settings.console_hosts}
    app.add_middleware(Bounds, names=frozenset(names), answer=answer)
    return app
