"""Documents that a run was given and that are kept on this machine (`keep_pages`): which there are, and each as a file.

They are a site's, so they are never shown as what they are: a browser is told that it is text, to be saved, and if it
opens it all the same, that nothing in it may run.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from actors.console.errors import NotThere, TooLarge
from contract.settings import Settings

if TYPE_CHECKING:
    from ingest.kept import Document

router = APIRouter()

#: Documents of a run that are listed, and bytes of one that are sent. A season's largest feed has 13 MB.
LISTED: Final = 200
LARGEST: Final = 64 * 1024 * 1024

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

_logger = logging.getLogger(__name__)


def documents(settings: Settings, run_id: UUID) -> Sequence[Document] | None:
    """What is kept of that run here, in the order in which it was answered; None where this machine keeps nothing."""
    if settings.keep_pages is None or importlib.util.find_spec("ingest") is None:
        return None
    from ingest.archive import Archive
    from ingest.kept import read

    path = Archive(settings.keep_pages).run(run_id)
    try:
        if not path.is_file():
            return ()
    except OSError as error:
        _logger.warning("What is kept of run %s cannot be told: %s", run_id, error)
        return None
    kept = read(path)
    return () if kept is None else kept.documents[:LISTED]


@router.get("/runs/{run_id}/pages/{digest}")
def page(request: Request, run_id: UUID, digest: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> Response:
    settings: Settings = request.app.state.settings
    document = next((each for each in documents(settings, run_id) or () if each.sha256 == digest), None)
    if document is None or settings.keep_pages is None:
        raise NotThere("no such document is kept of that run here", hint="it may be kept on the machine that read it")
    if document.size > LARGEST:
        raise TooLarge(f"it has {document.size:,} bytes", hint=f"it is on this machine, in {settings.keep_pages}")
    from ingest.archive import Archive

    body = Archive(settings.keep_pages).get(digest)
    if body is None:
        raise NotThere("that document is damaged, or gone", hint="documents are kept for as long as retention says")
    disposition = f'attachment; filename="{str(run_id)[:8]}-{digest[:12]}.txt"'
    return Response(body, media_type="text/plain", headers={**_HEADERS, "Content-Disposition": disposition})
