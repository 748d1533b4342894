"""The short form of `make chaos`: every fault once, for seconds instead of minutes."""

from __future__ import annotations

import pytest

from tests.chaos import report
from tests.chaos.__main__ import quiet
from tests.chaos.faults import load
from tests.chaos.runner import run_all
from tests.chaos.world import Form


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("rabbitmq_node")  # says what is missing where RabbitMQ is not installed
def test_nothing_is_lost_or_doubled_whatever_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    """Every fault of the suite, under load: each match is stored once, as the model says, and nothing else is dead."""
    with quiet():
        rows = run_all(list(load().values()), broker="rabbitmq", seed=1, form=Form(short=True))
    report.table(rows)
    report.failures(rows)
    off = [row.fault for row in rows if not row.ok]
    said = capsys.readouterr()
    assert not off, f"not as promised: {', '.join(off)}\n{said.out}\n{said.err}"
