"""What the overview says first: whether all is well, and if not what is wrong, the worst first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actors.console.situation import Process, Queues, Situation, Stored
from actors.console.wellbeing import BEHIND, Wellbeing, judge
from contract.broker.errors import BrokerAway
from contract.errors import TouchlineError, UnreachableError
from contract.health import Verdict
from contract.names import LENGTH_LIMITS, QUEUES
from contract.schedules import Schedule
from contract.spooled import Spooled

NOW = datetime(2026, 10, 10, 12, tzinfo=UTC)

RUN: dict[str, Any] = {
    "run_id": "3f2a0000-0000-4000-8000-000000000001",
    "source": "mlsnext",
    "params": {"leagues": ["flex"], "full": True},
    "started_at": NOW,
    "state": "failed",
    "error": "the site answers 503.",
    "found": 0,
    **dict.fromkeys(("inserted", "updated", "unchanged", "stale", "dead"), 0),
}

TICKING = {
    "seconds_since_tick": 20.0,
    "claimed": 0,
    "claimed_seconds": None,
    "waiting_seconds": None,
    "dead": None,
}


def _stored(**more: Any) -> Stored:
    known: dict[str, Any] = {
        "figures": {"runs": [], "dead_letters": [], "slots": [], "since_good": [], "behind": [], "notices": []},
        "clock": TICKING,
        "unhealthy": (),
        "behind_lately": (),
        "notices": {"undelivered": 0, "oldest_at": None},
        "compared": (),
        "other_rules": (),
        "days": (),
        "runs": ({**RUN, "state": "succeeded"},),
        "reading_now": (),
        "now": NOW,
        "ahead": 0.0,
    }
    return Stored(**{**known, **more})


def _queues(**depths: tuple[int, int]) -> Queues:
    return Queues(
        {**dict.fromkeys(QUEUES, (0, 1)), **{k.replace("_XQ", ".XQ"): v for k, v in depths.items()}}, (), True
    )


def _situation(**more: Any) -> Situation:
    known: dict[str, Any] = {"store": _stored(), "queues": _queues(), "schedules": {"days": _schedule()}}
    return Situation(**{**known, **more})


def _schedule(**more: Any) -> Schedule:
    return Schedule(cron="0 * * * *", source="mlsnext", **more)


def _only(said: Wellbeing) -> tuple[str, str]:
    assert len(said.complaints) == 1, said.complaints
    return said.complaints[0].tone, said.complaints[0].said


def test_where_nothing_is_wrong_all_is_well() -> None:
    assert judge(_situation()) == Wellbeing("All is well.", "good")


def test_where_nothing_has_been_read_nothing_is_called_well() -> None:
    said = judge(_situation(store=_stored(runs=())))
    assert (said.tone, said.complaints) == ("", ())
    assert "nothing has been read yet" in said.sentence


@pytest.mark.parametrize(
    ("more", "tone", "words"),
    [
        ({"store": UnreachableError("the database at x does not answer")}, "bad", "the database at x does not answer"),
        ({"store": _stored(pending=("0012",))}, "bad", "lacks revision 0012"),
        ({"queues": BrokerAway("no RabbitMQ at y")}, "bad", "no RabbitMQ at y"),
        ({"queues": _queues(matches=(3, 0))}, "bad", "3 messages in matches, and nobody works on that"),
        ({"queues": _queues(matches_XQ=(1, 0))}, "warn", "1 message in the dead-letter queue of matches"),
        ({"store": _stored(clock={**TICKING, "seconds_since_tick": None})}, "bad", "nothing has ticked yet"),
        ({"store": _stored(clock={**TICKING, "seconds_since_tick": 600.0})}, "bad", "nothing has ticked for 10 min"),
        ({"store": _stored(clock={**TICKING, "dead": ["days"]})}, "bad", "the last order of days died"),
        ({"store": _stored(unhealthy=[RUN])}, "warn", "the last run of mlsnext (flex) is failed: the site answers 503"),
        ({"store": _stored(notices={"undelivered": 2, "oldest_at": NOW - timedelta(hours=1)})}, "warn", "2 notices"),
        ({"store": _stored(ahead=-9.0)}, "warn", "clock is 9 s behind"),
        ({"spooled": Spooled(messages=4)}, "warn", "4 messages on this machine's disk"),
        ({"store": _stored(behind_lately=[{"source": "ics", "matches": BEHIND + 1}])}, "warn", "26 matches of ics"),
    ],
)
def test_what_is_wrong_is_said_with_its_next_step(more: dict[str, Any], tone: str, words: str) -> None:
    said = judge(_situation(**more))
    found, sentence = _only(said)
    assert (found, said.tone) == (tone, tone)
    assert words in sentence
    assert sentence in said.sentence


@pytest.mark.parametrize(
    "more",
    [
        {"store": _stored(notices={"undelivered": 2, "oldest_at": NOW - timedelta(minutes=5)})},
        {"store": _stored(ahead=4.0)},
        {"store": _stored(behind_lately=[{"source": "ics", "matches": BEHIND}])},
        {"store": _stored(clock={**TICKING, "seconds_since_tick": None}), "schedules": {}},
        {
            "store": _stored(clock={**TICKING, "seconds_since_tick": None}),
            "schedules": {"days": _schedule(enabled=False)},
        },
        {"queues": _queues(matches=(3, 1))},
    ],
)
def test_what_passes_by_itself_or_nobody_asked_for_is_not_wrong(more: dict[str, Any]) -> None:
    assert judge(_situation(**more)).tone == "good"


def _figures(**more: Any) -> Stored:
    return _stored(figures={**_stored().figures, **more})


def test_a_slot_that_nobody_begins_and_one_whose_runs_come_to_nothing() -> None:
    """By the figures of the metrics and the alerts' bounds; a schedule that is written down no more is quiet."""
    slot = {"cron": "0 * * * *", "timezone": "UTC", "considered_until": NOW, "now": NOW}
    waits = {**slot, "schedule": "days", "waiting_since": NOW - timedelta(minutes=40)}
    begun = {**slot, "schedule": "days", "waiting_since": NOW - timedelta(minutes=20)}
    gone = {**waits, "schedule": "gone"}
    late = judge(_situation(store=_figures(slots=[waits, gone])))
    assert _only(late) == ("bad", "schedule days has been due for 40 min, and nobody begins it")
    assert judge(_situation(store=_figures(slots=[begun, gone]))).tone == "good"
    # nothing has ticked since: what has come due meanwhile waits, too
    undecided = {**slot, "schedule": "days", "waiting_since": None, "considered_until": NOW - timedelta(hours=2)}
    assert "has been due for 1 h" in _only(judge(_situation(store=_figures(slots=[undecided]))))[1]
    empty = [{"schedule": "days", "slots": 3}, {"schedule": "gone", "slots": 9}]
    assert _only(judge(_situation(store=_figures(since_good=empty))))[1].endswith("a good run for 3 slots")
    assert judge(_situation(store=_figures(since_good=[{"schedule": "days", "slots": 2}]))).tone == "good"


def test_a_queue_that_is_nearly_full_is_said_of_rabbitmq_alone() -> None:
    full = _queues(matches=(int(LENGTH_LIMITS["matches"] * 0.9), 1))
    assert "that it takes" in _only(judge(_situation(queues=full, bounded=True)))[1]
    assert judge(_situation(queues=full)).tone == "good"


def test_the_worst_comes_first_and_the_sentence_counts_the_rest() -> None:
    letters = [{"kind": "match", "reason": "x", "letters": 2, "oldest": 0.0}]
    store = replace(_figures(dead_letters=letters), unhealthy=[RUN])
    said = judge(_situation(store=store, queues=_queues(runs=(1, 0))))
    assert [each.tone for each in said.complaints] == ["bad", "warn", "warn"]
    assert said.sentence.startswith("Not well: 1 message in runs, and nobody works on that, and 2 other things")
    # which is found later
    stopped = judge(_situation(queues=_queues(runs_XQ=(1, 0)), store=_stored(clock={**TICKING, "dead": ["days"]})))
    assert [each.tone for each in stopped.complaints] == ["bad", "warn"]
    only_letters = judge(_situation(store=_figures(dead_letters=letters)))
    assert only_letters.complaints[0].href == "/dead-letters"
    assert only_letters.sentence == "One thing wants a look: 2 dead letters wait for somebody."


def test_one_server_that_is_store_and_queue_is_complained_of_once() -> None:
    away = UnreachableError("the database at x does not answer")
    assert len(judge(_situation(store=away, queues=away)).complaints) == 1
    assert len(judge(_situation(store=away, queues=BrokerAway("no RabbitMQ"), bounded=True)).complaints) == 2


def test_a_table_that_is_not_the_official_one_is_named_and_lies_beside_it() -> None:
    table = {"source": "mlsnext", "season": "2026-27", "league": "homegrown", "age_group": "U15", "division": "Lakes"}
    agrees = {**table, "division": None, "sentence": None, "since": None, "compared_at": NOW, "tables": 9}
    assert judge(_situation(store=_stored(compared=[agrees]))).tone == "good"
    said = judge(
        _situation(store=_stored(compared=[{**agrees, **table, "sentence": "FC A is 1st there.", "since": NOW}]))
    )
    assert _only(said) == (
        "warn",
        "a table of mlsnext is not the official one: homegrown U15 Lakes 2026-27: FC A is 1st there",
    )
    assert said.complaints[0].href.startswith("/tables/one?")
    other = judge(_situation(store=_stored(other_rules=["flex"])))
    assert "the tables of flex by other rules" in _only(other)[1]


def _process(*, ready: bool, live: bool, why: str = "") -> Process:
    return Process("worker", 4711, Verdict(ready=ready, live=live, why=why))


def test_a_worker_that_hangs_is_wrong_and_one_that_is_starting_is_not() -> None:
    hangs = judge(_situation(processes=[_process(ready=False, live=False, why="it has said nothing for 99 s")]))
    assert _only(hangs) == ("bad", "worker 4711 of this machine: it has said nothing for 99 s")
    waits = _process(ready=False, live=True, why="it takes no messages until the database is back: gone")
    assert judge(_situation(processes=[waits])).tone == "warn"
    fine = [_process(ready=True, live=True), _process(ready=False, live=True, why="it is starting")]
    assert judge(_situation(processes=fine)).tone == "good"


def test_passwords_are_no_part_of_what_is_wrong() -> None:
    said = judge(_situation(store=TouchlineError("no answer from postgresql://me:geheim@db/x")))
    assert "geheim" not in said.sentence


def test_figures_that_could_not_be_had_are_said_to_be_missing() -> None:
    assert "behind could not be had" in _only(judge(_situation(store=_figures(behind=None))))[1]
