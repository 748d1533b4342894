"""Where processes say what they do is checked before anything is opened there."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.addresses import split_listen
from contract.errors import ConfigurationError
from contract.settings import Settings, load


def load_with(home: Path, **environ: str) -> Settings:
    return load(environ={"TOUCHLINE_HOME": str(home), **environ})


def test_nothing_listens_unless_it_is_asked_for(tmp_path: Path) -> None:
    """No port is opened by default, and what runs in a home says so in that home."""
    settings = load_with(tmp_path)
    assert settings.metrics_listen is None
    assert settings.runtime_dir == tmp_path / "run"


def test_the_runtime_directory_may_be_elsewhere(tmp_path: Path) -> None:
    """An absolute path stands for itself, another one is one in the home."""
    assert load_with(tmp_path, TOUCHLINE_RUNTIME_DIR="/run/touchline").runtime_dir == Path("/run/touchline")
    assert load_with(tmp_path, TOUCHLINE_RUNTIME_DIR="here").runtime_dir == tmp_path / "here"


@pytest.mark.parametrize(
    ("where", "host", "port"),
    [
        ("127.0.0.1:9395", "127.0.0.1", 9395),
        ("[::1]:9395", "::1", 9395),
        ("[::]:1", "::", 1),
        ("localhost:65535", "localhost", 65535),
    ],
)
def test_host_and_port(where: str, host: str, port: int, tmp_path: Path) -> None:
    """IPv6 stands in brackets, as in a URL."""
    assert split_listen(where) == (host, port)
    assert load_with(tmp_path, TOUCHLINE_METRICS_LISTEN=where).metrics_listen == where


@pytest.mark.parametrize(
    "where", ["9395", ":9395", "::1:9395", "[::1:9395", "[host]:1", "host:0", "host:65536", "host:http", "http://h:1"]
)
def test_what_is_no_address_is_refused(where: str, tmp_path: Path) -> None:
    """With the variable's name, and what it should look like."""
    with pytest.raises(ConfigurationError, match=r"TOUCHLINE_METRICS_LISTEN \(metrics_listen\).*expected 127\.0\.0\.1"):
        load_with(tmp_path, TOUCHLINE_METRICS_LISTEN=where)
