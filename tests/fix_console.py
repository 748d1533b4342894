"""A console of its own for a test, answering on loopback over the test's own database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.ports import free_ports

TOKEN = "a token that only this test knows"


@dataclass(frozen=True, slots=True)
class Console:
    """One that answers at `url`; `token` is what acting needs."""

    url: str
    token: str = TOKEN

    def ask(self, method: str, path: str, *, act: bool = False, **options: Any) -> urllib3.BaseHTTPResponse:
        """One request, as it is: no redirect is followed, nothing is tried again. `act`: with the token."""
        headers = dict(options.pop("headers", {}))
        if act:
            headers["Authorization"] = f"Bearer {self.token}"
        return urllib3.request(
            method, self.url + path, headers=headers, retries=False, redirect=False, timeout=60, **options
        )

    def get(self, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        return self.ask("GET", path, **options)


#: Takes settings by field name.
MakeConsole = Callable[..., Console]


@pytest.fixture
def make_console(store_url: str, tmp_path: Path) -> Iterator[MakeConsole]:
    """Starts consoles over the test's database, each with its own settings; they end with the test."""
    from actors.console.serving import serving
    from contract.settings import Settings

    with ExitStack() as stack:

        def make(**settings: Any) -> Console:
            settings.setdefault("console_listen", f"127.0.0.1:{free_ports(1)[0]}")
            made = Settings(home=tmp_path / "home", database_url=store_url, **settings)
            return Console(stack.enter_context(serving(made, store_url=store_url, token=TOKEN)))

        yield make


@pytest.fixture
def console(make_console: MakeConsole) -> Console:
    """One with nothing set."""
    return make_console()
