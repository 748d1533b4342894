"""The demo league's site over real HTTP: the real site's habits, and the faults that can be switched on."""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from email.message import Message

import pytest

from contract.errors import ConfigurationError
from contract.settings import SourceSettings
from ingest.http import Fetcher
from ingest.models import Match
from ingest.sources import Scope
from ingest.sources.mlsnext import MLSNext
from touchline.demo.league import League
from touchline.demo.site import DemoSite, Fault, parse_moment

DEADLINE = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Message
    body: bytes


def ask(site: DemoSite, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=DEADLINE)) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def schedule(site: DemoSite, place: int = 0) -> str:
    return f"/data/schedule/{site.league.keys[place]}.json"


def standings(site: DemoSite, place: int = 0) -> str:
    return f"/data/standings/{site.league.keys[place]}.json"


def test_feeds_are_served_as_the_league_has_them(demo_site: DemoSite) -> None:
    """All six documents, as JSON, with the four minutes of the CDN's cache."""
    now = demo_site.league.at(demo_site.moment)
    for place, key in enumerate(demo_site.league.keys):
        for path, expected in (
            (schedule(demo_site, place), now.schedule(key)),
            (standings(demo_site, place), now.standings(key)),
        ):
            answer = ask(demo_site, path)
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["Cache-Control"] == "public, max-age=240"
            assert answer.body == expected


def test_a_known_etag_is_answered_by_304(demo_site: DemoSite) -> None:
    """Without a body; the tag is strong, and stays while the document does."""
    tag = ask(demo_site, schedule(demo_site)).headers["ETag"]
    assert tag.startswith('"')
    again = ask(demo_site, schedule(demo_site), If_None_Match=f'"other", {tag}')
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert ask(demo_site, schedule(demo_site), If_None_Match='"other"').status == 200


def test_an_etag_holds_whether_compressed_or_not(demo_site: DemoSite) -> None:
    """Two strong tags for two representations (RFC 9110, 8.8.3); either is a proof of having the content."""
    plain = ask(demo_site, schedule(demo_site))
    squeezed = ask(demo_site, schedule(demo_site), Accept_Encoding="gzip, deflate")
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert squeezed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(squeezed.body) == plain.body
    assert len(squeezed.body) < len(plain.body) / 5
    assert squeezed.headers["ETag"] != plain.headers["ETag"]
    for tag in (plain.headers["ETag"], squeezed.headers["ETag"]):
        assert ask(demo_site, schedule(demo_site), If_None_Match=tag).status == 304


def test_gzip_that_is_refused_is_not_sent(demo_site: DemoSite) -> None:
    """`gzip;q=0` says no."""
    answer = ask(demo_site, schedule(demo_site), Accept_Encoding="gzip;q=0, identity")
    assert answer.headers["Content-Encoding"] is None


@pytest.mark.parametrize(
    "path",
    ["/data/schedule/mls-next-league-25-26.json", "/data/other/mls-next-league-26-27.json", "/nothing/here", "/"],
)
def test_what_is_not_published_is_a_small_page_with_status_200(demo_site: DemoSite, path: str) -> None:
    """The viewer's page, 631 bytes of HTML, never 404 (SOURCES.md, section 1)."""
    answer = ask(demo_site, path)
    assert (answer.status, len(answer.body)) == (200, 631)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["ETag"] is None


def test_head_answers_the_headers_alone(demo_site: DemoSite) -> None:
    """The same as GET would, without the body."""
    head, get = (ask(demo_site, schedule(demo_site), method) for method in ("HEAD", "GET"))
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag"):
        assert head.headers[name] == get.headers[name]


def test_robots_are_welcome(demo_site: DemoSite) -> None:
    """robots.txt disallows nothing, unless a test says otherwise."""
    assert ask(demo_site, "/robots.txt").body == b"User-agent: *\nDisallow:\n"
    demo_site.robots = "User-agent: *\nDisallow: /data/\n"
    assert b"/data/" in ask(demo_site, "/robots.txt").body


@pytest.mark.parametrize(("name", "league"), [("homegrown_division", "homegrown"), ("academy_division", "academy")])
def test_the_official_page_holds_an_iframe_that_waits(demo_site: DemoSite, name: str, league: str) -> None:
    """`data-src` names the viewer in full, by the host that the client asked; there is no `src` yet."""
    for path in (f"/mlsnext/standings/{name}/", f"/mlsnext/standings/{name}"):
        page = ask(demo_site, path, Host="mirror.example:81").body.decode()
        assert f'data-src="http://mirror.example:81/?league={league}"' in page
        assert " src=" not in page.partition("<iframe")[2].partition(">")[0]
        assert 'id="onetrust-consent-sdk"' in page


def test_the_site_moves_on_while_it_serves(demo_site: DemoSite) -> None:
    """Another moment: other documents under other tags; the old moment again: the old tags."""
    weekend = demo_site.league.weekend()
    before = ask(demo_site, schedule(demo_site))
    demo_site.show(weekend.after)
    after = ask(demo_site, schedule(demo_site), If_None_Match=before.headers["ETag"])
    assert after.status == 200
    assert json.loads(after.body)["synced_at"] == weekend.after.strftime("%Y-%m-%dT%H:%M:%SZ")
    demo_site.show(weekend.before)
    assert ask(demo_site, schedule(demo_site)).headers["ETag"] == before.headers["ETag"]


def test_requests_are_recorded(demo_site: DemoSite) -> None:
    """Method, path, status, whether it was conditional, and who asked."""
    ask(demo_site, schedule(demo_site), User_Agent="reader/1")
    ask(demo_site, "/robots.txt", "HEAD", If_None_Match='"x"')
    assert [tuple(request) for request in demo_site.requests] == [
        ("GET", schedule(demo_site), 200, False, "reader/1"),
        ("HEAD", "/robots.txt", 200, True, ""),
    ]
    demo_site.forget()
    assert demo_site.requests == []


def test_one_connection_serves_many_requests(demo_site: DemoSite) -> None:
    """HTTP/1.1: a client may keep its connection, also after a 304 and a HEAD."""
    with closing(http.client.HTTPConnection("127.0.0.1", demo_site.port, timeout=DEADLINE)) as connection:
        connection.connect()
        socket_before = connection.sock
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"If-None-Match": "*"}), ("GET", {})):
            connection.request(method, schedule(demo_site), headers=headers)
            connection.getresponse().read()
        assert connection.sock is socket_before


def test_error_answers_500_to_everything(demo_site: DemoSite) -> None:
    """Pages and documents alike, until it is over."""
    with demo_site.failing(Fault.ERROR):
        assert [ask(demo_site, path).status for path in ("/", schedule(demo_site), "/robots.txt")] == [500, 500, 500]
    assert ask(demo_site, schedule(demo_site)).status == 200


def test_an_empty_feed_is_a_valid_document_without_events(demo_site: DemoSite) -> None:
    """Under another tag than the whole one; the standings stay."""
    whole = ask(demo_site, schedule(demo_site))
    with demo_site.failing(Fault.EMPTY):
        empty = ask(demo_site, schedule(demo_site), If_None_Match=whole.headers["ETag"])
        assert json.loads(empty.body)["events"] == []
        assert json.loads(ask(demo_site, standings(demo_site)).body)["competition_season"]["competition_brackets"]


def test_half_a_feed_lacks_half_of_the_events(demo_site: DemoSite) -> None:
    """And looks like a good one otherwise."""
    whole = json.loads(ask(demo_site, schedule(demo_site)).body)["events"]
    with demo_site.failing(Fault.HALF):
        half = json.loads(ask(demo_site, schedule(demo_site)).body)["events"]
    assert 2 * len(half) == len(whole)
    assert all(event in whole for event in half)


def test_the_shell_stands_where_a_document_was(demo_site: DemoSite) -> None:
    """As if the season had never been published; with a key, of that feed alone."""
    with demo_site.failing(Fault.SHELL, key=demo_site.league.keys[1]):
        bodies = [ask(demo_site, schedule(demo_site, place)).body for place in (0, 1, 2)]
    assert [body[:1] for body in bodies] == [b"{", b"<", b"{"]


def test_a_truncated_body_ends_too_early(demo_site: DemoSite) -> None:
    """The length that was promised does not come."""
    with demo_site.failing(Fault.TRUNCATED), pytest.raises(http.client.IncompleteRead) as caught:
        ask(demo_site, schedule(demo_site))
    assert caught.value.partial
    assert caught.value.expected


def test_a_slow_site_keeps_clients_waiting_until_it_is_over(demo_site: DemoSite) -> None:
    """The client's own patience ends first; when the fault is over, everybody gets an answer."""
    answers: list[Answer] = []
    with demo_site.failing(Fault.SLOW):
        waiting = [threading.Thread(target=lambda: answers.append(ask(demo_site, "/"))) for _ in range(3)]
        for thread in waiting:
            thread.start()
        deadline = time.monotonic() + DEADLINE
        while demo_site.busiest < 3 and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        assert answers == []
        with socket.create_connection(("127.0.0.1", demo_site.port), timeout=0.2) as impatient:
            impatient.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(TimeoutError):
                impatient.recv(1)
    for thread in waiting:
        thread.join(DEADLINE)
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert demo_site.busiest == 4


def test_a_stopped_site_refuses_connections_and_comes_back_on_its_port(demo_site: DemoSite) -> None:
    """Open connections end as well."""
    port = demo_site.port
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as idle:
        ask(demo_site, "/")  # whoever came first is served by now
        demo_site.stop()
        assert idle.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        ask(demo_site, "/")
    demo_site.start()
    assert (demo_site.port, ask(demo_site, "/").status) == (port, 200)


def test_a_port_that_is_taken_is_named(demo_site: DemoSite, demo_league: League) -> None:
    """With a way out."""
    with pytest.raises(ConfigurationError, match=f"port {demo_site.port}") as caught:
        DemoSite(demo_league, demo_site.moment, port=demo_site.port).start()
    assert "--port" in caught.value.hint


def test_it_listens_on_loopback_unless_another_address_is_named(demo_site: DemoSite, demo_league: League) -> None:
    """In a container it is asked by others than this machine; its pages then name it by what it was asked as."""
    beside = "127.0.0.2"  # all of 127/8 is this machine, on Linux
    with pytest.raises(ConnectionRefusedError), socket.create_connection((beside, demo_site.port), DEADLINE):
        pass
    with DemoSite(demo_league, demo_site.moment, host="0.0.0.0") as site:
        assert site.url == f"http://127.0.0.1:{site.port}"
        with closing(http.client.HTTPConnection(beside, site.port, timeout=DEADLINE)) as connection:
            connection.request("GET", "/mlsnext/standings/homegrown_division/", headers={"Host": "demo-site:8900"})
            assert b"demo-site:8900" in connection.getresponse().read()


def test_moments_are_read_from_dates_and_times() -> None:
    """A date is its evening; a time without a zone is UTC."""
    assert [
        parse_moment(text).isoformat()
        for text in ("2026-10-03", "2026-10-03T09:00", "2026-10-03T09:00Z", "2026-10-03T09:00-04:00")
    ] == [
        "2026-10-03T22:30:00+00:00",
        "2026-10-03T09:00:00+00:00",
        "2026-10-03T09:00:00+00:00",
        "2026-10-03T13:00:00+00:00",
    ]
    with pytest.raises(ConfigurationError, match="not a date"):
        parse_moment("October")


def read(site: DemoSite) -> dict[str, Match]:
    """Every match of the three leagues by its number, as the source `mlsnext` reads this site."""
    settings = SourceSettings(url=site.url)
    source, fetcher = MLSNext.make(settings), Fetcher.of(MLSNext, settings, None)
    found: dict[str, Match] = {}
    for part in source.plan(Scope(season=site.league.season), fetcher):
        for row in source.parse(part, source.fetch(part, fetcher)).matches:
            assert isinstance(row, Match), row
            found[row.match_id] = row
    return found


def test_the_source_reads_the_whole_league(demo_site: DemoSite) -> None:
    """Every match is expressed in the contract, none is rejected; what bites is there to be read."""
    found = read(demo_site)
    assert len(found) == demo_site.league.matches
    assert {match.status for match in found.values()} == {"scheduled", "completed", "postponed", "forfeit"}
    assert {match.division is None for match in found.values()} == {True, False}
    assert any(match.home_penalties is not None for match in found.values())


def test_the_source_sees_a_weekend_pass(demo_site: DemoSite) -> None:
    """Results, one match that becomes postponed, and one with another date and kick-off: nothing else differs."""
    weekend = demo_site.league.weekend()
    before = read(demo_site)
    demo_site.show(weekend.after)
    after = read(demo_site)
    changes: dict[str, set[str]] = {}
    for number, old in before.items():
        new = after[number]
        if changed := {name for name in Match.model_fields if getattr(old, name) != getattr(new, name)}:
            changes[number] = changed
    assert after[weekend.postponed].status == "postponed"
    assert changes.pop(weekend.postponed) >= {"status"}
    assert changes.pop(weekend.moved) == {"date", "kickoff"}
    assert len(changes) > 20
    assert all(changed >= {"status", "home_score", "away_score"} for changed in changes.values())


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_on_its_own(ending: signal.Signals) -> None:
    """`python -m touchline.demo.site` prints where to look, serves it, and ends when it is told to."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "touchline.demo.site",
        "--port",
        "0",
        "--scale",
        "0.02",
        "--at",
        "2026-10-03",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        feeds = next(line.split()[-1] for line in lines if line.startswith("Feeds"))
        host, path = feeds.removeprefix("http://").split("/", 1)
        with closing(http.client.HTTPConnection(host, timeout=DEADLINE)) as connection:
            connection.request("GET", f"/{path}")
            assert b'"synced_at": "2026-10-03T22:30:00Z"' in connection.getresponse().read()
        process.send_signal(ending)
        assert process.wait(DEADLINE) == 0


@pytest.mark.parametrize(
    "arguments", [["--scale", "7"], ["--season", "1999-00"], ["--at", "soon"], ["--host", "192.0.2.1"]]
)
def test_a_wrong_argument_is_one_line_and_exit_2(arguments: list[str]) -> None:
    """No traceback."""
    command = [sys.executable, "-m", "touchline.demo.site", "--port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
