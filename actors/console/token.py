"""The token that acting needs: as configured, else one that is made once and kept in the home."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from contract.errors import ConfigurationError
from contract.settings import Settings

#: Its file in the home, for this user alone.
FILE = "console-token"


class Token(NamedTuple):
    """What it is, and the file it stands in; None where it was configured."""

    value: str
    file: Path | None


def token_of(settings: Settings) -> Token:
    """The token that `settings` name, else the one in the home, made where there is none.

    Raises ConfigurationError where its file can be neither read nor made.
    """
    if settings.console_token is not None:
        return Token(settings.console_token.get_secret_value(), None)
    path = settings.home / FILE
    try:
        with suppress(FileExistsError):
            _make(path)
        value = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the console's token cannot be kept in {path}: {error}", hint="set TOUCHLINE_CONSOLE_TOKEN_FILE"
        ) from None
    if not value:
        raise ConfigurationError(f"{path} is empty", hint="remove it: another one is made")
    return Token(value, path)


def _make(path: Path) -> None:
    """Whole or not at all: somebody else may make it at the same time. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise FileExistsError(path)
    draft = path.with_name(f"{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
