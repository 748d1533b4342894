"""Where notices go is checked before anything is sent there."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.webhook import Webhook
from contract.errors import ConfigurationError
from contract.settings import load

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def load_with(home: Path, **environ: str) -> Webhook | None:
    return Webhook.of(load(environ={"TOUCHLINE_HOME": str(home), **environ}))


def test_without_an_address_there_is_no_webhook(tmp_path: Path) -> None:
    """A secret alone tells nobody anything."""
    assert load_with(tmp_path) is None
    assert load_with(tmp_path, TOUCHLINE_WEBHOOK_SECRET=SECRET) is None


def test_both_may_stand_in_files(tmp_path: Path) -> None:
    """The address is a secret as well: with many chat programs it is the only one."""
    (tmp_path / "url").write_text("https://chat.example/T0/B1/abc\n", encoding="utf-8")
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    webhook = load_with(
        tmp_path,
        TOUCHLINE_WEBHOOK_URL_FILE=str(tmp_path / "url"),
        TOUCHLINE_WEBHOOK_SECRET_FILE=str(tmp_path / "secret"),
    )
    assert webhook == Webhook("https://chat.example/T0/B1/abc", SECRET)


def test_nothing_is_sent_unsigned(tmp_path: Path) -> None:
    """An address without a secret is refused, with how to make one."""
    with pytest.raises(ConfigurationError, match=r"TOUCHLINE_WEBHOOK_SECRET.*not set.*openssl rand -base64 32"):
        load_with(tmp_path, TOUCHLINE_WEBHOOK_URL="https://chat.example/")


@pytest.mark.parametrize(
    "url",
    [
        "chat.example",
        "ftp://chat.example/T0k3n",
        "https:///T0k3n",
        "https://chat.example/a T0k3n",
        "https://chat.example/é T0k3n",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    """Only http and https, with a host, and encoded as URLs are."""
    with pytest.raises(ConfigurationError, match="TOUCHLINE_WEBHOOK_URL") as refused:
        load_with(tmp_path, TOUCHLINE_WEBHOOK_URL=url, TOUCHLINE_WEBHOOK_SECRET=SECRET)
    assert "T0k3n" not in str(refused.value)


def test_only_the_host_is_ever_shown() -> None:
    """User, password, path and query may each be what keeps others out."""
    webhook = Webhook("https://ann:hunter22@chat.example:8443/T0k3n?key=k3y", SECRET)
    assert str(webhook) == "https://chat.example:8443/…"
    assert repr(webhook) == "Webhook(https://chat.example:8443/…)"
