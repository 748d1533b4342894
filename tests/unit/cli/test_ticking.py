"""The tick of `touchline up` comes once a minute, and no outage ends it."""

from __future__ import annotations

import pytest

from contract.errors import TouchlineError
from touchline.diagnosis_findings import Unhealthy
from touchline.diagnosis_schedule import check
from touchline.ticking import Ticker


class Away(TouchlineError):
    """The database is away."""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000_030.0

    def __call__(self) -> float:
        return self.now


def test_it_ticks_at_once_and_then_each_minute() -> None:
    """However often it is looked at; a clock that jumps costs no more than one tick."""
    clock, ticks = Clock(), list[float]()
    ticker = Ticker(lambda: ticks.append(clock.now), clock=clock)
    for _ in range(4 * 60 * 3):
        ticker.look()
        clock.now += 0.25
    assert [tick % 60 for tick in ticks] == [1_000_000_030.0 % 60, 0.0, 0.0, 0.0]
    assert len(ticks) == 4
    clock.now += 7200
    ticker.look()
    ticker.look()
    assert len(ticks) == 5


def test_an_outage_is_said_and_sat_out(caplog: pytest.LogCaptureFixture) -> None:
    """Once a minute while it lasts, with the reason, and once that it is over."""
    clock, away = Clock(), [True, True, False, False]

    def tick() -> None:
        if away.pop(0):
            raise Away("the database does not answer")

    ticker = Ticker(tick, clock=clock)
    for _ in range(4):
        ticker.look()
        clock.now += 60
    assert [record.getMessage() for record in caplog.records] == [
        "The schedule is idle; what comes due meanwhile is caught up. the database does not answer",
        "The schedule is idle; what comes due meanwhile is caught up. the database does not answer",
        "The schedule goes on.",
    ]


GOOD = {"seconds_since_tick": 12.0, "claimed": 0, "claimed_seconds": None, "waiting_seconds": None, "dead": None}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seconds_since_tick": None}, "nothing has ticked yet"),
        ({"seconds_since_tick": 200.0}, "nothing has ticked for 3 min 20 s"),
        ({"claimed": 3, "claimed_seconds": 200.0}, "3 orders cannot be published, for 3 min 20 s now"),
        ({"waiting_seconds": 4000.0}, "an order waits for a worker since 1 h 6 min"),
        ({"dead": ["match-days"]}, "the last order of match-days died"),
    ],
)
def test_the_doctor_names_what_is_wrong_with_the_clock(wrong: dict[str, object], said: str) -> None:
    """With what to do about it."""
    check(GOOD)
    with pytest.raises(Unhealthy, match=said) as unhealthy:
        check({**GOOD, **wrong})
    assert unhealthy.value.hint
