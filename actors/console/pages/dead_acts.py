"""What people do about dead letters in the console: they send them again, or drop them for a reason.

The same acts as `touchline dead replay` and `drop`, and recorded with who did it. A form names the letters that are
ticked, or all that its page shows; never those that it does not show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import RedirectResponse, Response

from actors.console.access import FormActor, Session
from actors.console.broker import sending
from actors.console.database import StoreConnection
from actors.console.errors import Invalid
from actors.console.rendering import render
from actors.console.signing_in import ours
from actors.replaying import SENT, Pace, became, explain_taken, replay
from actors.store.letters import drop, standing
from contract.settings import Settings

router = APIRouter()

#: Letters that one form may name.
MOST: Final = 200

Ids = Annotated[list[Annotated[int, Field(ge=1, lt=2**63)]], Form(max_length=MOST)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


@dataclass(frozen=True, slots=True)
class Done:
    """What a page is told in its address of an act that led there: which, of how many letters."""

    done: Literal["replayed", "dropped", ""] = ""
    letters: Annotated[int, Query(ge=0, le=MOST)] = 0


WasDone = Annotated[Done, Depends()]


def who(session: Session) -> str:
    """Whoever acts, for the record."""
    return f"{session.name} (console)" if session.name else "console"


@router.post("/dead-letters/replay")
def replay_letters(
    request: Request,
    session: FormActor,
    connection: StoreConnection,
    letter: Ids = [],  # noqa: B006 - FastAPI copies it
    shown: Ids = [],  # noqa: B006
    everything: Annotated[bool, Form()] = False,
    back: Annotated[str, Form(max_length=2048)] = "/dead-letters",
) -> Response:
    ids = _chosen(letter, shown, everything)
    settings: Settings = request.app.state.settings
    with sending(settings) as broker:
        told = list(replay(connection, broker, ids, who(session), Pace(0)))
    explain_taken(connection, told)
    left = [each for each in told if each["outcome"] != SENT]
    sent = len(told) - len(left)
    if not left:
        return _back(back, "replayed", sent)
    return render(request, "dead_left.html", act="sent", sent=sent, left=left, back=ours(back))


@router.post("/dead-letters/drop")
def drop_letters(
    request: Request,
    session: FormActor,
    connection: StoreConnection,
    letter: Ids = [],  # noqa: B006 - FastAPI copies it
    shown: Ids = [],  # noqa: B006
    everything: Annotated[bool, Form()] = False,
    why: Annotated[Reason, Form()] = "",
    back: Annotated[str, Form(max_length=2048)] = "/dead-letters",
) -> Response:
    ids = _chosen(letter, shown, everything)
    if not why:
        raise Invalid(
            "dropping needs a reason: whoever comes after you will want to know", hint="go back and write one"
        )
    dropped = drop(connection, ids, by=who(session), why=why)
    if len(dropped) == len(ids):
        return _back(back, "dropped", len(dropped))
    others = [each for each in ids if each not in dropped]
    known = standing(connection, others)
    left = [
        {"id": each, "error": became(known[each]) if each in known else "There is no such letter."} for each in others
    ]
    return render(request, "dead_left.html", act="dropped", sent=len(dropped), left=left, back=ours(back))


def _chosen(ticked: list[int], shown: list[int], everything: bool) -> list[int]:
    """The letters that a form means, oldest first. Raises Invalid where it means none."""
    ids = sorted(set(shown if everything else ticked))
    if not ids:
        raise Invalid("no letter is ticked", hint="go back, and tick those that are meant")
    return ids


def _back(back: str, done: str, letters: int) -> Response:
    """To the page that the form was on, which says what was done."""
    path, _, query = ours(back).partition("?")
    said = urlencode({"done": done, "letters": letters})
    return RedirectResponse(f"{path}?{query + '&' if query else ''}{said}", status_code=303)
