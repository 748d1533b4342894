"""Who may read and act, and what is refused before anything of ours sees it."""

from __future__ import annotations

import socket
from urllib.parse import urlencode, urlsplit

import pytest
from starlette.datastructures import Headers

from actors.console.access import LIFETIME, Access, check_origin
from actors.console.bounds import HEADERS, LARGEST
from actors.console.errors import Forbidden
from tests.fix_console import FORM, TOKEN, Console, MakeConsole


def test_everyone_may_read_on_loopback_and_whoever_has_the_token_elsewhere(make_console: MakeConsole) -> None:
    closed = make_console(console_readers="token")
    answer = closed.get("/runs?source=x")
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=%2Fruns%3Fsource%3Dx")
    assert closed.get("/api/v1/matches").status == 401
    assert closed.get("/runs", act=True).status == 200
    assert closed.get("/runs", headers={"Cookie": closed.sign_in().cookie}).status == 200
    assert make_console().get("/runs").status == 200


def test_a_session_needs_the_token_and_its_cookie_is_for_this_site_alone(console: Console) -> None:
    wrong = console.ask("POST", "/sign-in", body=urlencode({"token": TOKEN + "x"}), headers=FORM)
    assert wrong.status == 403
    assert "Set-Cookie" not in wrong.headers
    assert b"That is not the token" in wrong.data
    right = console.ask("POST", "/sign-in", body=urlencode({"token": TOKEN, "next": "/runs"}), headers=FORM)
    assert (right.status, right.headers["Location"]) == (303, "/runs")
    said = right.headers["Set-Cookie"].lower()
    assert all(part in said for part in ("httponly", "samesite=strict", "path=/", f"max-age={LIFETIME}"))
    assert TOKEN not in right.headers["Set-Cookie"]


def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(make_console: MakeConsole) -> None:
    """The proxy is on this machine; whoever else says so is not believed."""
    console = make_console(console_hosts="matches.example.org")
    said = {
        **FORM,
        "Host": "matches.example.org",
        "Origin": "https://matches.example.org",
        "X-Forwarded-For": "192.0.2.1",
    }
    form = urlencode({"token": TOKEN})
    by_tls = console.ask("POST", "/sign-in", body=form, headers={**said, "X-Forwarded-Proto": "https"})
    assert "; secure" in by_tls.headers["Set-Cookie"].lower()
    plain = console.ask("POST", "/sign-in", body=form, headers=said)
    assert "secure" not in plain.headers["Set-Cookie"].lower()


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nX: y", ""])
def test_signing_in_leads_nowhere_else(console: Console, elsewhere: str) -> None:
    answer = console.ask("POST", "/sign-in", body=urlencode({"token": TOKEN, "next": elsewhere}), headers=FORM)
    assert (answer.status, answer.headers["Location"]) == (303, "/")


def test_a_form_needs_the_secret_of_its_own_session(console: Console) -> None:
    visitor, other = console.sign_in(), console.sign_in().csrf
    csrf = visitor.csrf

    def sign_out(secret: str, **headers: str) -> int:
        return visitor.send("/sign-out", {"csrf": secret}, **headers).status

    assert sign_out("") == 403
    assert sign_out(other) == 403
    assert sign_out(csrf, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert sign_out(csrf, Origin="https://evil.example") == 403
    assert sign_out(csrf, Origin=console.url) == 303
    # the token in a header does not stand in for a session: only a browser can be made to send a form
    answer = console.ask("POST", "/sign-out", act=True, body=urlencode({"csrf": csrf}), headers=FORM)
    assert answer.status == 401


def test_a_session_ends_by_itself_and_with_its_token() -> None:
    now = [1000.0]
    access = Access("the first token", open_to_read=True, clock=lambda: now[0])
    cookie = access.begin("Ada Lovelace")
    session = access.session(cookie)
    assert session is not None
    assert session.name == "Ada Lovelace"
    assert Access("the second token", open_to_read=True, clock=lambda: now[0]).session(cookie) is None
    for forged in (cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), "9" + cookie, "", "...", "x" * 5000, "\u00e9.1"):
        assert access.session(forged) is None
    now[0] += LIFETIME + 1
    assert access.session(cookie) is None


def test_a_browser_that_says_nothing_of_where_a_form_is_from_is_believed() -> None:
    check_origin(Headers({"host": "localhost"}))
    check_origin(Headers({"host": "localhost", "origin": "null", "sec-fetch-site": "same-origin"}))
    with pytest.raises(Forbidden):
        check_origin(Headers({"host": "localhost", "sec-fetch-site": "same-site"}))


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_a_name_that_is_not_ours_is_refused(make_console: MakeConsole, host: str) -> None:
    console = make_console(console_hosts="matches.example.org, other.example.org")
    refused = console.get("/sign-in", headers={"Host": host})
    assert refused.status == 421
    assert refused.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    for ours in ("matches.example.org", "OTHER.example.org:8443", "[::1]:8090", "192.0.2.7"):
        assert console.get("/sign-in", headers={"Host": ours}).status == 200


def test_reading_by_another_name_is_open_on_purpose_only(make_console: MakeConsole) -> None:
    named = make_console(console_hosts="matches.example.org")
    assert named.get("/runs").status == 303
    opened = make_console(console_hosts="matches.example.org", console_readers="everyone")
    assert opened.get("/runs").status == 200


def test_a_request_has_a_size_whatever_it_says_of_itself(console: Console) -> None:
    told = console.ask("POST", "/sign-in", body=b"x" * (LARGEST + 1), headers=FORM)
    assert told.status == 413
    port = urlsplit(console.url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=60) as line:
        line.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n")
        line.sendall(b"Content-Type: application/x-www-form-urlencoded\r\n\r\n")
        chunk = b"token=" + b"x" * 65536
        try:
            for _ in range(LARGEST // len(chunk) + 2):
                line.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            line.sendall(b"0\r\n\r\n")
            answer = line.recv(65536)
        except ConnectionError:
            answer = b""
    assert b" 303 " not in answer.partition(b"\r\n")[0]
    assert console.get("/sign-in").status == 200


def test_every_answer_is_guarded(console: Console) -> None:
    for path in ("/", "/sign-in", "/static/console.css", "/nowhere", "/api/v1/nowhere"):
        headers = console.get(path).headers
        for name, value in HEADERS.items():
            assert headers[name] == value, path
        assert "server" not in headers
        assert "Cache-Control" in headers


def test_what_is_not_there_is_told_to_people_and_programs(console: Console) -> None:
    page = console.get("/nowhere")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    told = console.get("/api/v1/nowhere")
    assert (told.status, told.headers["Content-Type"]) == (404, "application/problem+json")
    assert told.json()["status"] == 404
