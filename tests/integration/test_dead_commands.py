"""`touchline dead` with a real store and a real queue: what is sent, to whom, once; what is dropped; what is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from dramatiq import Message
from psycopg_pool import ConnectionPool

from actors.replaying import Pace, replay
from actors.replays import message_of
from actors.store.database import Connection, connect, open_pool
from actors.store.dead import DeadRow, bury_message, no_message
from actors.store.letters import held
from contract.broker import make_broker, queue_depths
from contract.names import MATCHES, RECORD_RUN, RUNS
from tests.conformance.conftest import eventually
from tests.fix_command import Touchline
from tests.fix_proxy import Proxy
from tests.integration.store.conftest import Store, a_match
from tests.integration.store.letters import NOON, a_batch, account, acts, bury, letters, receive
from touchline.commands.dead_acts import whoami

pytestmark = pytest.mark.slow


@dataclass
class Desk(Store):
    """An operator's place: the store, the queue, and the command."""

    queue: str = ""
    touchline: Touchline = None  # type: ignore[assignment]

    def waiting(self, queue: str = MATCHES) -> list[Message[Any]]:
        """What is in the queue; it is taken out."""
        broker = make_broker(self.queue)
        broker.declare_queue(queue)
        expected = queue_depths(self.queue, [queue]).get(queue, (0, 0))[0]
        consumer = broker.consume(queue, prefetch=100, timeout=100)
        found: list[Message[Any]] = []

        def take() -> bool:
            if (message := next(consumer)) is not None:
                found.append(message._message)
                consumer.ack(message)
            return len(found) >= expected

        if expected:
            eventually(take, f"{expected} messages come out of {queue}")
        consumer.close()
        broker.close()
        return found


@pytest.fixture
def pool(store_url: str) -> Iterator[ConnectionPool[Connection]]:
    pool = open_pool(store_url, size=8)
    yield pool
    pool.close()


@pytest.fixture(params=["rabbitmq", "postgresql"])
def desk(
    request: pytest.FixtureRequest,
    store_url: str,
    pool: ConnectionPool[Connection],
    touchline: Touchline,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """With RabbitMQ, and with the store's database as the queue."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    if request.param == "postgresql":
        return Desk(pool, queue=store_url, touchline=touchline)
    monkeypatch.setenv("RABBITMQ_URL", request.getfixturevalue("rabbitmq_url"))
    return Desk(pool, queue=request.getfixturevalue("rabbitmq_url"), touchline=touchline)


@pytest.fixture
def alone(
    store_url: str, pool: ConnectionPool[Connection], touchline: Touchline, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """One queue is enough: the store's database."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    return Desk(pool, queue=store_url, touchline=touchline)


def test_a_message_is_sent_as_it_came(desk: Desk) -> None:
    """To its queue, under its id, as of now, without the traces of its first life; the act says who and when."""
    options = {"attempts": 8, "failures": 8, "traceback": "…", "failure": {}, "first_failed_at": 1, "eta": 2, "x": "y"}
    message = a_batch(desk, [a_match("1")], options=options).copy(message_timestamp=1_000)
    bury(desk, message)
    (letter,) = letters(desk)
    ended = desk.touchline(f"dead replay {letter['dead_id']}")
    assert ended.code == 0, ended.err
    assert [(row["id"], row["outcome"], row["message_id"]) for row in ended.rows] == [
        (letter["dead_id"], "sent", message.message_id)
    ]
    (sent,) = desk.waiting()
    assert (sent.message_id, sent.actor_name, sent.kwargs) == (message.message_id, "store_matches", message.kwargs)
    assert sent.options == {"x": "y", "replay": 1}
    assert sent.message_timestamp > 1_700_000_000_000
    assert acts(desk) == [("replay", whoami(), None)]
    assert "No worker consumes 'matches'" in ended.err
    receive(desk, sent)
    assert account(desk) == {"inserted": 1}


def test_what_postgresql_cannot_hold_is_sent_as_it_came(desk: Desk) -> None:
    """NUL, lone surrogates and fractions come again as they came, in a message and in a row."""
    odd = {"match_id": "1", "a\0b": ["\ud800", "\\u0000", "\N{SOCCER BALL}", "\\\0"], "n": [1.0, 1, 1e22, -0.0, True]}
    bury(desk, a_batch(desk, [odd]))
    desk.put([], bad=[DeadRow("1", "odd", "x", odd)])
    assert desk.touchline("dead replay --all --rate 0").code == 0
    # 1.0 equals 1
    assert [repr(message.kwargs["matches"]) for message in desk.waiting()] == [repr([odd])] * 2


def test_a_row_is_sent_as_a_batch_of_its_own(desk: Desk) -> None:
    """Its run, source, part and observation are those that it came with."""
    desk.put([a_match("1")], bad=[DeadRow("2", "one_score", "x", a_match("2"))])
    assert desk.touchline("dead replay --all").code == 0
    (sent,) = desk.waiting()
    matches = sent.kwargs.pop("matches")
    assert matches == [a_match("2")]
    assert sent.kwargs == {
        "contract": 1,
        "run_id": str(desk.run_id),
        "source": "mlsnext",
        "part": "league-26-27",
        "sequence": 0,
        "observed_at": "2026-10-01T12:00:00Z",
    }
    assert str(letters(desk)[0]["carrier"]) == sent.message_id


def test_a_dry_run_sends_nothing(desk: Desk) -> None:
    """It tells what would be sent, and leaves it open."""
    bury(desk, a_batch(desk, [a_match("1")]))
    ended = desk.touchline("dead replay --all --dry-run")
    assert (ended.code, [row["outcome"] for row in ended.rows]) == (0, ["ready"])
    assert "Would send 1 dead letter." in ended.err
    assert desk.waiting() == []
    assert acts(desk) == []
    assert letters(desk)[0]["state"] == "open"


def test_two_who_replay_at_once_send_each_letter_once(desk: Desk, store_url: str) -> None:
    """Each letter is held by one of them while it is sent, and is no longer open for the other."""
    for n in range(30):
        bury(desk, a_batch(desk, [a_match(str(n))]))
    ids = [letter["dead_id"] for letter in letters(desk)]
    start = threading.Barrier(3)

    def send(by: str) -> list[str]:
        broker = make_broker(desk.queue)
        with connect(store_url) as connection:
            start.wait(30)
            return [told["outcome"] for told in replay(connection, broker, ids, by, Pace(0))]

    with ThreadPoolExecutor(3) as threads:
        told = [future.result(60) for future in [threads.submit(send, by) for by in ("ann", "bob", "cid")]]
    assert sorted(outcome for outcomes in told for outcome in outcomes) == ["sent"] * 30 + ["taken"] * 60
    sent = [message.message_id for message in desk.waiting()]
    assert (len(sent), len(set(sent))) == (30, 30)
    assert len(acts(desk)) == 30


def test_who_dies_between_confirm_and_commit_does_no_harm(desk: Desk) -> None:
    """The letter is still open; sent once more it is the same message, stored and counted once."""
    desk.put([], bad=[DeadRow("2", "one_score", "x", a_match("2"))])
    dead_id = letters(desk)[0]["dead_id"]
    broker = make_broker(desk.queue)

    def killed() -> None:
        with desk.pool.connection() as connection, held(connection, dead_id) as letter:
            assert letter is not None
            broker.enqueue(message_of(letter))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    broker.close()
    (first,) = desk.waiting()
    assert letters(desk)[0]["state"] == "open"
    assert desk.touchline(f"dead replay {dead_id}").code == 0
    (second,) = desk.waiting()
    assert second.message_id == first.message_id
    receive(desk, first)
    assert receive(desk, second) is None
    assert account(desk) == {"inserted": 1}
    assert acts(desk) == [("replay", whoami(), "stored")]


def test_filters_choose_what_is_sent(alone: Desk) -> None:
    """The same that `list` shows, oldest first; of `--limit` the newest."""
    for reason in ("KeyError", "ContractViolation", "keyless"):
        bury(alone, a_batch(alone, []), reason=reason)
    alone.put([], bad=[DeadRow("2", "keys", "x", a_match("2"))])
    listed = alone.touchline("dead list --reason key --kind message --actor store_matches --queue matches").rows
    assert [row["reason"] for row in listed] == ["keyless", "KeyError"]
    filters = f"--reason key --kind message --actor store_matches --queue matches --run {alone.run_id} --since 1h"
    rows = alone.touchline(f"dead replay --all --dry-run {filters}").rows
    assert [row["id"] for row in rows] == [row["id"] for row in reversed(listed)]
    rows = alone.touchline("dead replay --all --limit 1 --kind message").rows
    assert [row["id"] for row in rows] == [listed[0]["id"]]
    assert [row["id"] for row in alone.touchline("dead list --kind match").rows] == [letters(alone)[-1]["dead_id"]]
    assert alone.touchline("dead replay --all --actor nobody").err == "No dead letter is open that fits.\n"


def test_a_letter_that_somebody_dealt_with_says_so(alone: Desk) -> None:
    """Who, when, and what became of it; the exit code says that it was not sent."""
    for n in range(3):
        bury(alone, a_batch(alone, [a_match(str(n))]))
    on_its_way, stored, dropped = (letter["dead_id"] for letter in letters(alone))
    alone.touchline(f"dead replay {on_its_way} {stored} --by ann")
    receive(alone, alone.waiting()[1])
    alone.touchline(f"dead drop {dropped} --why 'a test feed' --by bob")
    ended = alone.touchline(f"dead replay {on_its_way} {stored} {dropped}")
    assert ended.code == 1
    assert [row["outcome"] for row in ended.rows] == ["taken"] * 3
    said = [row["error"] for row in ended.rows]
    assert "was replayed by ann at 2" in said[0]
    assert "not known yet" in said[0]
    assert "its message was stored" in said[1]
    assert "was dropped by bob at 2" in said[2]
    assert "a test feed" in said[2]
    assert alone.waiting() == []


def test_a_letter_that_somebody_holds_is_left_to_them(alone: Desk) -> None:
    """Nobody waits: the letter is in somebody else's hands, and the others are sent."""
    for n in range(2):
        bury(alone, a_batch(alone, [a_match(str(n))]))
    first, second = (letter["dead_id"] for letter in letters(alone))
    with alone.pool.connection() as connection, held(connection, first):
        ended = alone.touchline("dead replay --all")
    assert ended.code == 0
    assert {row["id"]: row["outcome"] for row in ended.rows} == {first: "taken", second: "sent"}
    assert "somebody else's hands" in ended.rows[0]["error"]


def test_what_cannot_be_sent_says_what_to_do(alone: Desk) -> None:
    """A row that its source could not say, and a body that is no message, stay open; the rest is sent."""
    said = {"contract": 1, "run_id": str(alone.run_id), "source": "mlsnext", "event": "rejected", "rejects": [{}]}
    bury(alone, Message(RUNS, RECORD_RUN, (), said, {}))
    bury_message(alone.pool, no_message(MATCHES, b"\xff", reason="undecodable", error="no JSON", died_at=NOON))
    reject = {"kind": "match", "queue": RUNS, "actor": RECORD_RUN, "source": "mlsnext", "reason": "no_team"}
    alone.rows(
        "INSERT INTO touchline.dead (kind, queue, actor, source, reason, error, payload)"
        " VALUES (%(kind)s, %(queue)s, %(actor)s, %(source)s, %(reason)s, 'x', '{}') RETURNING 1",
        **reject,
    )
    ended = alone.touchline("dead replay --all")
    assert ended.code == 1
    told = {row["id"]: row for row in ended.rows}
    event, body, row = (told[letter["dead_id"]] for letter in letters(alone))
    assert event["outcome"] == "sent"
    assert (body["outcome"], "no message" in body["error"]) == ("refused", True)
    assert (row["outcome"], "touchline scrape mlsnext --full" in row["error"]) == ("refused", True)
    assert [letter["state"] for letter in letters(alone)] == ["replayed", "open", "open"]
    assert "2 letters cannot be sent" in ended.err
    table = alone.touchline("dead replay --all --output table")
    assert (table.code, "refused" in table.out, "no message" in table.out) == (1, True, True)


def test_a_number_that_does_not_exist_sends_nothing(alone: Desk) -> None:
    """A slip of the finger is found before anything is done."""
    bury(alone, a_batch(alone, [a_match("1")]))
    known = letters(alone)[0]["dead_id"]
    for command in (f"dead replay {known} 99999", f"dead drop {known} 99999 --why x"):
        ended = alone.touchline(command)
        assert (ended.code, ended.out) == (2, "")
        assert "there is no dead letter 99999" in ended.err
    assert letters(alone)[0]["state"] == "open"


@pytest.mark.parametrize(
    "arguments",
    [
        "replay",
        "replay --reason x",
        "replay 1 --all",
        "replay 1 --queue runs",
        "drop --why x",
        "drop 1",
        "drop 1 --why ' '",
    ],
)
def test_what_is_meant_has_to_be_said(alone: Desk, arguments: str) -> None:
    """Neither by accident all letters, nor some that were not meant, nor dropped without a reason."""
    bury(alone, a_batch(alone, [a_match("1")]))
    assert alone.touchline(f"dead {arguments}").code == 2
    assert letters(alone)[0]["state"] == "open"


def test_a_broker_that_is_away_leaves_everything_open(alone: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3, how many were sent, no password, and no act."""
    monkeypatch.setenv("RABBITMQ_URL", "amqp://app:hunter22@127.0.0.1:1/league")
    for n in range(2):
        bury(alone, a_batch(alone, [a_match(str(n))]))
    ended = alone.touchline("dead replay --all")
    assert ended.code == 3
    assert ended.out == ""
    assert "Sent 0 of 2" in ended.err
    assert "hunter22" not in ended.err
    assert [letter["state"] for letter in letters(alone)] == ["open", "open"]
    assert acts(alone) == []


@pytest.mark.slow
def test_a_broker_that_goes_away_half_way(
    alone: Desk, rabbitmq_url: str, tcp_proxy: Callable[..., Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent is replayed, the rest is open, and the command says how many are which."""
    proxy = tcp_proxy(rabbitmq_url)
    monkeypatch.setenv("RABBITMQ_URL", proxy.url)
    for n in range(5):
        bury(alone, a_batch(alone, [a_match(str(n))]))

    def cut() -> None:
        eventually(lambda: queue_depths(rabbitmq_url, [MATCHES]).get(MATCHES, (0, 0))[0] > 0, "one was sent")
        proxy.cut()

    with ThreadPoolExecutor(1) as thread:
        cutting = thread.submit(cut)
        ended = alone.touchline("dead replay --all --rate 1")
        cutting.result(60)
    assert ended.code == 3, ended
    replayed = [letter["dead_id"] for letter in letters(alone) if letter["state"] == "replayed"]
    assert [row["id"] for row in ended.rows] == replayed
    assert 1 <= len(replayed) < 5
    assert f"Sent {len(replayed)} of 5" in ended.err


def test_dropping_is_recorded(alone: Desk) -> None:
    """Who and why; nothing is deleted, its matches stay dead, and dropping it again says what was done."""
    bury(alone, a_batch(alone, [a_match("1")]))
    dead_id = letters(alone)[0]["dead_id"]
    assert alone.touchline(f"dead drop {dead_id} --why 'never played'").err == "Dropped 1 dead letter.\n"
    assert acts(alone) == [("drop", whoami(), None)]
    assert account(alone) == {"dead": 1}
    assert [row["id"] for row in alone.touchline("dead list --state dropped").rows] == [dead_id]
    again = alone.touchline(f"dead drop {dead_id} --why x")
    assert again.code == 1
    assert "never played" in again.err


def test_dropping_all_has_to_be_meant(alone: Desk) -> None:
    """Without a terminal to ask on it takes --yes; the filters count."""
    for reason in ("a", "b"):
        bury(alone, a_batch(alone, []), reason=reason)
    asked = alone.touchline("dead drop --all --reason a --why test")
    assert asked.code == 2
    assert "--yes" in asked.err
    assert alone.touchline("dead drop --all --reason a --why test --yes").code == 0
    assert [(letter["reason"], letter["state"]) for letter in letters(alone)] == [("a", "dropped"), ("b", "open")]


def test_a_letter_is_shown_with_its_history(alone: Desk) -> None:
    """Readable on a terminal, one object otherwise; the next step below; no password."""
    message = a_batch(alone, [a_match("1")])
    secret = "could not reach amqp://app:hunter22@broker/league"
    bury(alone, message, error=secret, traceback=f"Traceback\n  {secret}")
    dead_id = letters(alone)[0]["dead_id"]
    alone.touchline(f"dead replay {dead_id} --by ann")
    (sent,) = alone.waiting()
    bury(alone, sent, attempts=1, error=secret)
    shown = alone.touchline(f"dead show {dead_id} --output table")
    assert "replayed by ann: died again: could not reach" in shown.out
    assert "attempts         9" in shown.out
    assert f"touchline dead replay {dead_id}" in shown.err
    (row,) = alone.touchline(f"dead show {dead_id}").rows
    assert [(act["act"], act["by"], act["outcome"]) for act in row["history"]] == [("replay", "ann", "died")]
    assert row["payload"]["kwargs"] == message.kwargs
    listed = alone.touchline("dead list")
    for ended in (shown, listed, alone.touchline(f"dead show {dead_id}")):
        assert "hunter22" not in ended.out + ended.err
