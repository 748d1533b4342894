"""`touchline notify` and what `touchline doctor` says of the webhook, with a receiver of this test's own."""

from __future__ import annotations

import json

import pytest

from tests.fix_command import Touchline
from tests.fix_site import Site, page, status

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def hook(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The receiver; its path is a secret."""
    monkeypatch.setenv("TOUCHLINE_WEBHOOK_URL", f"{site.url}/T0k3n")
    monkeypatch.setenv("TOUCHLINE_WEBHOOK_SECRET", SECRET)
    return site


def test_a_test_notice_arrives(touchline: Touchline, hook: Site) -> None:
    """Whoever reads it knows that it is one."""
    hook.put("/T0k3n", page("thanks"))
    ended = touchline("notify")
    assert ended.code == 0, ended
    assert "has taken a test notice" in ended.err
    [request] = hook.requests
    body = json.loads(request.body)
    assert (body["type"], body["data"]) == ("test", {})
    assert request.headers["webhook-signature"]


@pytest.mark.parametrize(("answer", "code"), [(404, 1), (503, 3)])
def test_what_the_receiver_says_decides_the_exit_code(touchline: Touchline, hook: Site, answer: int, code: int) -> None:
    """It refuses, or it cannot now; neither shows the path of the address or the secret."""
    hook.put("/T0k3n", status(answer))
    ended = touchline("notify")
    assert ended.code == code
    assert f"answers {answer}" in ended.err
    assert "T0k3n" not in ended.err
    assert SECRET not in ended.err


def test_without_a_webhook_nobody_is_told(touchline: Touchline) -> None:
    """What to set is said."""
    ended = touchline("notify")
    assert ended.code == 2
    assert "TOUCHLINE_WEBHOOK_URL" in ended.err


def test_the_doctor_says_where_notices_go(touchline: Touchline, hook: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the host alone; nothing is sent. Without an address it is not used."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://touchline@127.0.0.1:1/league")

    def notices() -> tuple[str, str]:
        [row] = [row for row in touchline("doctor").rows if row["check"] == "notices"]
        return row["state"], row["detail"]

    state, detail = notices()
    assert state == "ok"
    assert f"signed, to {hook.url}/…" in detail
    assert hook.requests == []
    monkeypatch.delenv("TOUCHLINE_WEBHOOK_URL")
    assert notices()[0] == "not used"
