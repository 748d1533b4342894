"""Takes passwords out of what is shown: those in URLs, those named so, and those that are configured."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence

from contract.errors import TouchlineError

# not the word itself, which stands for one where an error shows how an address is written
_USERINFO = re.compile(r"(\w+://[^\s:/@]*):(?!password@)[^\s]*@(?=[^\s@]*)")
_KEYWORD = re.compile(r"(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)")
_URL_VARIABLES = ("DATABASE_URL", "RABBITMQ_URL", "TOUCHLINE_WEBHOOK_URL", "TOUCHLINE_CHROMIUM")


def scrub(text: str, passwords: Sequence[str] | None = None) -> str:
    """`text` without passwords: those in URLs, those named so, and `passwords` (default: those configured now)."""
    text = _KEYWORD.sub(r"\1***", _USERINFO.sub(r"\1:***@", text))
    for secret in configured_passwords() if passwords is None else passwords:
        text = text.replace(secret, "***")
    return text


def configured_passwords() -> list[str]:
    """The passwords in the addresses of the environment and the settings file, as written and as meant."""
    from urllib.parse import unquote, urlsplit  # only errors need it

    found: set[str] = set()
    for url in _configured_urls():
        userinfo, at, _ = url.rpartition("://")[2].partition("/")[0].rpartition("@")
        password = userinfo.partition(":")[2] if at else ""
        with contextlib.suppress(ValueError):
            password = password or urlsplit(url).password or ""
        # a password of a letter or two would blot out the sentence, and nobody could keep it secret anyway
        found |= {text for text in (password, unquote(password)) if len(text) > 2}
    return sorted(found, key=len, reverse=True)


def _configured_urls() -> list[str]:
    settings = sys.modules.get("contract.settings")
    urls = [os.environ[name] for name in _URL_VARIABLES if os.environ.get(name)]
    if settings is not None:
        try:
            loaded = settings.load()
        except TouchlineError:
            return urls
        configured = (loaded.database_url, loaded.rabbitmq_url, loaded.webhook_url, loaded.chromium)
        urls += [url.get_secret_value() for url in configured if url]
    return urls
