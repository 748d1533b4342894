"""periodiq as it is: why it fires one tick a minute here, and decides nothing (DESIGN section 3).

What is due is computed by `cronsim`; the tick enqueues an ordinary message. When a test of theirs fails, periodiq has
mended that hole.
"""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import dramatiq
import pendulum
import pytest
from cronsim import CronSim
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import SkipMessage
from periodiq import PeriodiqMiddleware, Scheduler, cron

from actors.scheduler import EachMinute, Tick

TICK = "* * * * *"


def _due(line: str, days: int) -> list[Any]:
    """When `line` is due in the first `days` of 2026."""
    start = dt.datetime(2025, 12, 31, 23, 59, tzinfo=dt.UTC)
    times = []
    for moment in CronSim(line, start):
        if moment >= start + dt.timedelta(days=days, minutes=1):
            break
        times.append(pendulum.instance(moment))
    return times


@pytest.mark.parametrize(
    ("line", "due", "fires"),
    [("0 6,18 * * sat,sun", 208, 104), ("0 0 * * 0", 52, 0), ("0 9 * * 6", 52, 52), ("0 9 * * *", 365, 365)],
)
def test_nothing_fires_on_a_sunday_that_is_named(line: str, due: int, fires: int) -> None:
    """Sunday is 0 where a line is read and 7 where it is compared."""
    moments = _due(line, 365)
    assert (len(moments), sum(cron(line).validate(moment) for moment in moments)) == (due, fires)


def test_the_tick_fires_each_minute() -> None:
    """Every minute of a week, Sunday included, and the next one is a minute later: nothing of the above can hurt."""
    moments = _due(TICK, 7)
    assert len(moments) == 7 * 24 * 60
    for spec in (cron(TICK), EachMinute()):
        assert str(spec) == TICK
        assert all(spec.validate(moment) for moment in moments)
        assert all(spec.next_valid_date(moment.add(seconds=7)) == moment.add(minutes=1) for moment in moments)


def test_the_first_run_after_a_start_may_be_late() -> None:
    """The next hour is found, and the minutes are left as they were: the first run of the day is skipped."""
    start = pendulum.datetime(2026, 11, 23, 23, 5)
    due = next(CronSim("*/10 8-22 * * *", dt.datetime(2026, 11, 23, 23, 5, tzinfo=dt.UTC)))
    found = cron("*/10 8-22 * * *").next_valid_date(start)
    assert due.isoformat() == "2026-11-24T08:00:00+00:00"
    assert found > due


def test_a_retry_of_a_periodic_message_is_acked_unseen() -> None:
    """Half a minute after it was due it is taken for a leftover: skipped, which is acked, whatever made it late."""
    broker = StubBroker(middleware=[])
    broker.add_middleware(PeriodiqMiddleware())
    dramatiq.actor(lambda: None, broker=broker, actor_name="tick", periodic=cron(TICK))
    scheduled_at = str(pendulum.now().subtract(seconds=31))
    retried = dramatiq.Message("default", "tick", (), {}, {"scheduled_at": scheduled_at, "retries": 1})
    with pytest.raises(SkipMessage):
        PeriodiqMiddleware().before_process_message(broker, dramatiq.MessageProxy(retried))
    enqueued_by_the_tick = dramatiq.Message("default", "tick", (), {}, {"retries": 1})
    PeriodiqMiddleware().before_process_message(broker, dramatiq.MessageProxy(enqueued_by_the_tick))


class _Away(StubBroker):
    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        raise ConnectionClosed("the broker is away")


@pytest.fixture
def signals() -> Iterator[None]:
    """The meaning of SIGTERM and SIGALRM as it was before, and no alarm left."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)}
    yield
    signal.alarm(0)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(("kind", "ends"), [(Tick, False), (dramatiq.Actor, True)], ids=["ours", "dramatiq's"])
def test_a_send_that_fails_ends_the_scheduler(kind: type[dramatiq.Actor[Any, Any]], ends: bool) -> None:
    """A broker that is away for the moment of a tick takes the whole schedule with it."""
    broker = _Away(middleware=[PeriodiqMiddleware()])
    tick = dramatiq.actor(lambda: None, broker=broker, actor_name="tick", periodic=cron(TICK), actor_class=kind)
    with pytest.raises(ConnectionClosed) if ends else nullcontext():
        Scheduler([tick]).schedule()


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(("kind", "given"), [(Tick, True), (dramatiq.Actor, False)], ids=["ours", "dramatiq's"])
def test_sigterm_has_no_meaning(kind: type[dramatiq.Actor[Any, Any]], given: bool) -> None:
    """A signal without a handler of its own is ignored for process 1: a container that nobody can stop in order."""
    broker = StubBroker(middleware=[PeriodiqMiddleware()])
    tick = dramatiq.actor(lambda: None, broker=broker, actor_name="tick", periodic=cron(TICK), actor_class=kind)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Scheduler([tick]).schedule()
    assert (signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL) is given
