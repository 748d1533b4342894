"""A console of its own for a test, answering on loopback over the test's own database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3

from tests.ports import free_ports

TOKEN = "a token that only this test knows"

#: What a browser says of the body of a form.
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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

    def page(self, path: str, **options: Any) -> str:
        """A page that is there, as text."""
        answer = self.get(path, **options)
        assert answer.status == 200, answer.data.decode()
        return answer.data.decode()

    def sign_in(self, name: str = "Ada") -> Visitor:
        """Somebody who has signed in."""
        answer = self.ask("POST", "/sign-in", body=urlencode({"token": self.token, "name": name}), headers=FORM)
        assert answer.status == 303, answer.data.decode()
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.page("/sign-in", headers={"Cookie": cookie}))
        assert found
        return Visitor(self, cookie, found[1])


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a session: its cookie, and the secret that its forms carry."""

    console: Console
    cookie: str
    csrf: str

    def page(self, path: str) -> str:
        return self.console.page(path, headers={"Cookie": self.cookie})

    def send(self, path: str, fields: Mapping[str, Any], **headers: str) -> urllib3.BaseHTTPResponse:
        """A form, sent as a browser does; a list is a field that is there several times."""
        body = urlencode({"csrf": self.csrf, **fields}, doseq=True)
        return self.console.ask("POST", path, body=body, headers={**FORM, "Cookie": self.cookie, **headers})


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
