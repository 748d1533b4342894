"""Each alert is made to fire once, by breaking what it watches, and is silent again when that is mended.

Minutes of real time: `make alerts-check`, and no part of `make test`. What cannot come to be in seconds is written into
the database, by its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
import pytest

from contract.names import MATCHES, SCRAPES
from tests.observability.conftest import Watch, Watched
from tests.observability.files import alerts
from tests.observability.system import SCHEDULE, System
from tests.ports import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Break:
    """Something breaks while the block lasts, and these alerts are to fire meanwhile."""

    does: Callable[[System], AbstractContextManager[None]]
    alerts: tuple[str, ...]


@contextmanager
def a_run_fails(system: System) -> Iterator[None]:
    (closed,) = free_ports(1)
    system.scrape(f"http://127.0.0.1:{closed}")
    yield
    # all of it, which is a run that says something
    assert system.scrape().returncode == 0


@contextmanager
def slots_come_to_nothing(system: System) -> Iterator[None]:
    system.execute(
        'INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order", ended_at)'
        f" SELECT '{SCHEDULE}', now() - n * interval '1 second', gen_random_uuid(), gen_random_uuid(), 'missed',"
        " '{}', now() FROM generate_series(1, 3) AS n"
    )
    yield
    system.execute("UPDATE touchline.slots SET state = 'done', ended_at = now()")


@contextmanager
def nobody_begins_a_slot(system: System) -> Iterator[None]:
    system.execute(
        'INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order", published_at)'
        f" VALUES ('{SCHEDULE}', now() - interval '40 minutes', gen_random_uuid(), gen_random_uuid(), 'published',"
        " '{}', now())"
    )
    yield
    system.execute("UPDATE touchline.slots SET state = 'done', ended_at = now() WHERE state = 'published'")


@contextmanager
def scores_are_not_read(system: System) -> Iterator[None]:
    system.execute(
        "UPDATE touchline.matches SET date = current_date - 3, kickoff = now() - interval '3 d', status = 'scheduled',"
        " home_score = NULL, away_score = NULL, home_penalties = NULL, away_penalties = NULL, withdrawn_at = NULL"
        " WHERE match_id IN (SELECT match_id FROM touchline.matches ORDER BY match_id LIMIT 60)"
    )
    yield
    system.execute(
        "UPDATE touchline.matches SET withdrawn_at = now() WHERE status = 'scheduled' AND date < current_date"
    )


@contextmanager
def a_message_dies(system: System) -> Iterator[None]:
    system.send(system.batch(1, contract=99))
    yield
    system.execute("UPDATE touchline.dead SET state = 'dropped'")


@contextmanager
def storing_fails(system: System) -> Iterator[None]:
    system.execute("ALTER TABLE touchline.frontier RENAME TO elsewhere")
    system.send(*(system.batch(number) for number in range(40)))
    yield
    system.execute("ALTER TABLE touchline.elsewhere RENAME TO frontier")


@contextmanager
def the_database_is_held_up(system: System) -> Iterator[None]:
    with psycopg.connect(system.store_url) as holding:
        holding.execute("LOCK TABLE touchline.matches")
        system.send(*(system.batch(number) for number in range(300)))
        yield


@contextmanager
def a_message_waits_on_disk(system: System) -> Iterator[None]:
    file = system.spool()
    yield
    file.unlink()


@contextmanager
def nobody_works_on_a_queue(system: System) -> Iterator[None]:
    system.publish(SCRAPES)
    yield
    system.broker.empty()


@contextmanager
def a_name_is_wrong(system: System) -> Iterator[None]:
    system.publish("nobody")
    yield


@contextmanager
def the_database_is_away(system: System) -> Iterator[None]:
    system.database.cut()
    yield
    system.database.restore()


@contextmanager
def a_right_is_missing(system: System) -> Iterator[None]:
    system.execute("REVOKE SELECT ON touchline.slot_states FROM touchline_reader")
    yield
    system.execute("GRANT SELECT ON touchline.slot_states TO touchline_reader")


@contextmanager
def the_broker_is_away(system: System) -> Iterator[None]:
    system.broker.server.stop()
    yield
    system.broker.server.start()


@contextmanager
def memory_is_short(system: System) -> Iterator[None]:
    limit = system.broker.server.evaluate("vm_memory_monitor:get_vm_memory_high_watermark().")
    system.broker.server.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.0001).")
    yield
    system.broker.server.evaluate(f"vm_memory_monitor:set_vm_memory_high_watermark({limit}).")


@contextmanager
def the_disk_is_full(system: System) -> Iterator[None]:
    limit = system.broker.server.evaluate("rabbit_disk_monitor:get_disk_free_limit().")
    system.broker.server.evaluate("rabbit_disk_monitor:set_disk_free_limit(1000000000000000).")
    yield
    system.broker.server.evaluate(f"rabbit_disk_monitor:set_disk_free_limit({limit}).")


@contextmanager
def rabbitmq_tells_nothing(system: System) -> Iterator[None]:
    system.broker.server.evaluate("application:stop(rabbitmq_prometheus).")
    yield
    system.broker.server.evaluate("application:start(rabbitmq_prometheus).")


@contextmanager
def the_workers_die(system: System) -> Iterator[None]:
    system.kill("worker")
    system.publish(f"{MATCHES}.XQ")
    yield
    system.start("worker")


@contextmanager
def the_scheduler_dies(system: System) -> Iterator[None]:
    system.kill("scheduler")
    yield
    system.start("scheduler")


@contextmanager
def the_exporter_dies(system: System) -> Iterator[None]:
    system.kill("exporter")
    yield
    system.start("exporter")


BREAKS: Final = (
    Break(slots_come_to_nothing, ("TouchlineSourceStale",)),
    Break(nobody_begins_a_slot, ("TouchlineSlotLate",)),
    Break(scores_are_not_read, ("TouchlineMatchesBehind",)),
    Break(a_run_fails, ("TouchlineRunNotGood", "TouchlineNoticesStuck")),
    Break(a_message_dies, ("TouchlineDeadLetters",)),
    Break(storing_fails, ("TouchlineRetriesHigh",)),
    Break(the_database_is_held_up, ("TouchlineQueueBacklog",)),
    Break(a_message_waits_on_disk, ("TouchlineSpoolWaits",)),
    Break(nobody_works_on_a_queue, ("TouchlineQueueWithoutConsumer",)),
    Break(a_name_is_wrong, ("TouchlineMessagesUnroutable",)),
    Break(the_database_is_away, ("TouchlineStoreDown", "TouchlineWorkerNotReady")),
    Break(a_right_is_missing, ("TouchlineFiguresMissing",)),
    Break(memory_is_short, ("TouchlineRabbitMQAlarm",)),
    Break(the_disk_is_full, ("TouchlineRabbitMQAlarm",)),
    Break(rabbitmq_tells_nothing, ("TouchlineRabbitMQUnwatched",)),
    Break(the_workers_die, ("TouchlineWorkersDown", "TouchlineDeadLetterQueue")),
    Break(the_scheduler_dies, ("TouchlineSchedulerSilent",)),
    Break(the_exporter_dies, ("TouchlineExporterDown",)),
    Break(the_broker_is_away, ("TouchlineBrokerDown",)),
)


@pytest.fixture(scope="module")
def watched(watch: Watch) -> Watched:
    """With a season stored, and a receiver of notices that takes none."""
    (closed,) = free_ports(1)
    watched = watch(f"http://127.0.0.1:{closed}/notices")
    system, prometheus = watched.system, watched.prometheus
    assert system.scrape().returncode == 0, system.logs()
    prometheus.until(lambda: bool(prometheus.ask("touchline_last_run_state == 1")), "the run to be seen", system.logs)
    prometheus.until_all_is_well()
    return watched


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: case.does.__name__)
def test_it_fires_and_is_silent_again(watched: Watched, case: Break) -> None:
    """What breaks is seen at /api/v1/alerts; what is mended is not seen any more."""
    with case.does(watched.system):
        watched.prometheus.until_firing(*case.alerts)
    lasting = {"TouchlineNoticesStuck"}  # nobody takes them
    watched.prometheus.until_silent(*set(case.alerts) - lasting)


def test_every_alert_was_tried() -> None:
    """No alert has no way to break what it watches."""
    assert {name for case in BREAKS for name in case.alerts} == set(alerts())
