"""Makes a page of a template. Everything is escaped; nothing of a site is ever taken for markup."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from actors.console.access import Access, session_of


@cache
def environment() -> Environment:
    """The templates, and what they may call."""
    made = Environment(
        loader=PackageLoader("actors.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"iso": iso, "when": when}
    return made


def iso(moment: datetime | None) -> str:
    """`2026-11-26T02:30:00Z`, for `<time datetime>`; empty for None."""
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def when(moment: datetime | None) -> str:
    """`26 Nov 2026, 02:30 UTC`, for people; a dash for None."""
    return "–" if moment is None else f"{moment.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page that `template` makes of `context`, and of who has signed in (`session`, `csrf`)."""
    access: Access = request.app.state.access
    session = session_of(request)
    text = environment().get_template(template).render(
        **context,
        path=request.url.path,
        session=session,
        csrf="" if session is None else access.csrf(session),
    )  # fmt: skip
    return HTMLResponse(text, status_code=status)
