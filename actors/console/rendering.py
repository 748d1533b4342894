"""Makes a page of a template. Everything is escaped; nothing of a site is ever taken for markup."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from actors import words
from actors.console import paths
from actors.console.access import Access, session_of

#: Functions of `words` that templates call by `|`.
FILTERS: Final = (
    *("iso", "when", "day", "short_day", "ago", "age", "took", "count", "counted", "tone"),
    *("figure", "score", "local"),
)


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
    made.filters |= {name: getattr(words, name) for name in FILTERS}
    made.filters["match_path"] = paths.match_of
    made.globals["team_path"] = paths.team_path
    return made


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
