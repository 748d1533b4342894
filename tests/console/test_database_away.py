"""What is told where the store does not answer, or says no."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.console.serving import serving
from contract.settings import Settings
from tests.fix_console import TOKEN, Console
from tests.ports import free_ports


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[Console]:
    """A console whose database is not there; nobody listens at its address."""
    port, closed = free_ports(2)
    url = f"postgresql://touchline:geheim@127.0.0.1:{closed}/none?connect_timeout=2"
    settings = Settings(home=tmp_path, database_url=url, console_listen=f"127.0.0.1:{port}")
    with serving(settings, store_url=url, token=TOKEN) as address:
        yield Console(address)


def test_an_answer_says_that_the_database_is_away_and_no_password(nowhere: Console) -> None:
    page = nowhere.get("/runs")
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert "does not answer" in page.data.decode()
    assert "geheim" not in page.data.decode()
    assert nowhere.get("/sign-in").status == 200
