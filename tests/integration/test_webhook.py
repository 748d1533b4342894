"""What is sent to a webhook, and what each of its answers means, against a receiver of this test's own."""

from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler

import pytest

from actors.errors import ReceiverAway, ReceiverRefuses
from actors.webhook import Webhook
from contract.signing import headers_of
from tests.fix_site import Site, page, status

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = json.dumps({"type": "test", "text": "Düsseldorf"}, ensure_ascii=False).encode()


def post(site: Site, path: str = "/hook", *, timeout: float = 5.0) -> None:
    Webhook(f"{site.url}{path}", SECRET).post("an-id", BODY, timeout=timeout, clock=lambda: 1_790_000_000.9)


def test_the_receiver_gets_the_body_signed(site: Site) -> None:
    """The three headers stand for the very bytes that arrive."""
    site.put("/hook?key=1", page("thanks", code=201))
    post(site, "/hook?key=1")
    [request] = site.requests
    assert request.body == BODY
    assert request.headers["Content-Type"] == "application/json"
    for name, value in headers_of(SECRET, "an-id", 1_790_000_000, request.body).items():
        assert request.headers[name] == value


def test_user_and_password_of_the_address_are_sent_as_such(site: Site) -> None:
    """Percent-encoded as in any URL, sent as basic authentication."""
    site.put("/hook", page("thanks"))
    Webhook(f"{site.url.replace('://', '://ann:p%40ss@')}/hook", SECRET).post("an-id", BODY)
    assert site.requests[0].headers["Authorization"] == f"Basic {base64.b64encode(b'ann:p@ss').decode()}"


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_some_answers_ask_for_patience(site: Site, code: int) -> None:
    """Another try may help."""
    site.put("/hook", status(code))
    with pytest.raises(ReceiverAway, match=f"answers {code}"):
        post(site)


@pytest.mark.parametrize("code", [400, 401, 404, 410])
def test_others_are_final(site: Site, code: int) -> None:
    """Somebody has to mend the address or the receiver."""
    site.put("/hook", status(code))
    with pytest.raises(ReceiverRefuses, match=f"answers {code}"):
        post(site)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed(site: Site, code: int) -> None:
    """What is signed for one receiver goes to no other; the sentence names the host that it points to."""
    site.put("/hook", status(code, Location="https://elsewhere.example/T0k3n"))
    with pytest.raises(ReceiverRefuses, match=r"https://elsewhere\.example/…, which is not followed") as refused:
        post(site)
    assert "T0k3n" not in str(refused.value)
    assert site.paths == ["/hook"]


def test_a_receiver_that_does_not_listen_is_away(site: Site) -> None:
    """A connection that is refused is no answer."""
    with pytest.raises(ReceiverAway, match=r"http://127\.0\.0\.1:1/… does not answer"):
        Webhook("http://127.0.0.1:1/T0k3n", SECRET).post("an-id", BODY, timeout=5)


def test_a_receiver_that_hangs_is_away(site: Site) -> None:
    """It takes the request and says nothing."""

    def hang(handler: BaseHTTPRequestHandler) -> None:
        site.closing.wait()

    site.put("/hook", hang)
    with pytest.raises(ReceiverAway, match="does not answer"):
        post(site, timeout=0.2)


def test_a_receiver_that_speaks_no_http_is_away(site: Site) -> None:
    """Nor is that one's answer."""

    def babble(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"220 mail.example ESMTP\r\n")
        handler.close_connection = True

    site.put("/hook", babble)
    with pytest.raises(ReceiverAway, match="does not answer"):
        post(site)


def test_an_answer_without_end_is_not_read_to_its_end(site: Site) -> None:
    """It said that it has it; the rest is of no use to anybody."""

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not site.closing.is_set():
            handler.wfile.write(b"x" * 65_536)

    site.put("/hook", flood)
    post(site)
