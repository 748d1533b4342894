"""Jobs: each is ordered once, wherever whoever asked for it died, and none where the broker did not take it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import dramatiq
import pytest

from actors.errors import KeyTaken
from actors.store import jobs, slots
from actors.store.dead import bury_message
from actors.store.housekeeping import sweep
from actors.store.reading import reading
from actors.store.slots import Order
from contract.bounds import Retention
from contract.broker.errors import BrokerAway
from tests.integration.store.conftest import Store
from tests.integration.store.letters import a_death

ASKED = {"scope": {"leagues": ["homegrown"]}, "full": False}


class Died(BaseException):
    """The process ends here: nothing after it is done."""


class Queue:
    """What was published, and what happens when something is."""

    def __init__(self) -> None:
        self.taken: list[tuple[UUID, Order]] = []
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def publish(self, message_id: UUID, order: Order) -> None:
        self.before()
        self.taken.append((message_id, order))
        self.after()


@pytest.fixture
def queue() -> Queue:
    return Queue()


def _order_of(run_id: UUID) -> Order:
    return Order("scrapes", "scrape", {"run_id": str(run_id), "source": "mlsnext"})


def order(store: Store, queue: Queue, key: str | None = "k", asked: Any = ASKED) -> UUID:
    with store.pool.connection() as connection:
        return jobs.order(connection, "mlsnext", asked, _order_of, queue.publish, key=key)


def job(store: Store) -> dict[str, Any]:
    (row,) = store.rows("SELECT * FROM touchline.job_states")
    return row


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_the_same_key_is_the_same_job(store: Store, queue: Queue) -> None:
    run_id = order(store, queue)
    assert order(store, queue) == run_id
    assert [taken.kwargs["run_id"] for _, taken in queue.taken] == [str(run_id)]
    assert (job(store)["run_id"], job(store)["state"], job(store)["params"]) == (run_id, "queued", ASKED)
    assert order(store, queue, "other") != run_id
    assert order(store, queue, None) != order(store, queue, None)
    assert len(queue.taken) == 4


def test_a_key_is_not_for_another_job(store: Store, queue: Queue) -> None:
    order(store, queue)
    with pytest.raises(KeyTaken):
        order(store, queue, asked={**ASKED, "full": True})
    assert len(queue.taken) == 1


def test_a_key_is_kept_as_a_digest_alone(store: Store, queue: Queue) -> None:
    order(store, queue, "somebody's secret")
    assert "secret" not in str(store.rows("SELECT * FROM touchline.jobs"))


def test_died_before_the_broker_had_it(store: Store, queue: Queue) -> None:
    """Written down and not published: asked again, the same message is published."""
    queue.before = raising(Died())
    with pytest.raises(Died):
        order(store, queue)
    assert job(store)["state"] == "unconfirmed"
    run_id = job(store)["run_id"]
    queue.before = lambda: None
    assert order(store, queue) == run_id
    assert len(queue.taken) == 1
    assert job(store)["state"] == "queued"


def test_died_after_the_broker_had_it(store: Store, queue: Queue) -> None:
    """Published and not written down: it is published again, and is the same message."""
    queue.after = raising(Died())
    with pytest.raises(Died):
        order(store, queue)
    assert job(store)["state"] == "unconfirmed"
    queue.after = lambda: None
    order(store, queue)
    first, second = queue.taken
    assert first == second


def test_what_died_unpublished_is_published_by_the_clock(store: Store, queue: Queue) -> None:
    queue.before = raising(Died())
    with pytest.raises(Died):
        order(store, queue, None)
    queue.before = lambda: None
    assert slots.publish_claimed(store.pool, queue.publish) == 1
    assert job(store)["state"] == "queued"


def test_where_the_broker_is_away_nothing_is_ordered(store: Store, queue: Queue) -> None:
    queue.before = raising(BrokerAway("the broker does not answer"))
    with pytest.raises(BrokerAway):
        order(store, queue)
    assert store.rows("SELECT * FROM touchline.jobs") == store.rows("SELECT * FROM touchline.slots") == []
    queue.before = lambda: None
    assert slots.publish_claimed(store.pool, queue.publish) == 0
    order(store, queue)
    assert len(queue.taken) == 1


def test_a_confirm_that_is_lost_makes_no_second_run(store: Store, queue: Queue) -> None:
    """Whoever asks again with the key sends the same message, of the same run."""
    queue.after = raising(BrokerAway("the connection broke"))
    with pytest.raises(BrokerAway):
        order(store, queue)
    queue.after = lambda: None
    run_id = order(store, queue)
    first, second = queue.taken
    assert first == second
    assert first[1].kwargs["run_id"] == str(run_id)


def test_a_worker_that_has_it_already_makes_it_ordered(store: Store, queue: Queue) -> None:
    """The confirm was lost, and the message was delivered: a worker began before it could be taken back."""

    def delivered() -> None:
        raise BrokerAway("the connection broke")

    queue.after = delivered
    with store.pool.connection() as connection:
        execute = connection.execute

        def begun_first(query: Any, params: Any = None, **more: Any) -> Any:
            if "DELETE FROM touchline.jobs" in str(query):
                assert slots.begin(store.pool, params["run_id"])
            return execute(query, params, **more)

        connection.execute = begun_first  # type: ignore[method-assign]
        try:
            run_id = jobs.order(connection, "mlsnext", ASKED, _order_of, queue.publish, key="k")
        finally:
            del connection.execute  # type: ignore[method-assign]
    assert (job(store)["run_id"], job(store)["state"]) == (run_id, "running")


def test_of_two_who_ask_at_once_the_second_waits_for_the_first(store: Store, queue: Queue) -> None:
    publishing, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        publishing.set()
        assert go_on.wait(60)

    queue.before = hold
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(order, store, queue)
        assert publishing.wait(60)
        second = threads.submit(order, store, queue)
        _until_somebody_waits(store)
        go_on.set()
        assert first.result(60) == second.result(60)
    assert len(queue.taken) == 1


def test_what_the_first_could_not_send_the_second_sends(store: Store, queue: Queue) -> None:
    publishing, go_on = threading.Event(), threading.Event()

    def fail_once() -> None:
        if not publishing.is_set():
            publishing.set()
            assert go_on.wait(60)
            raise BrokerAway("not now")

    queue.before = fail_once
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(order, store, queue)
        assert publishing.wait(60)
        second = threads.submit(order, store, queue)
        _until_somebody_waits(store)
        go_on.set()
        run_id = second.result(60)
        # it was published for both, or taken back before the second could: then that ordered it anew
        assert first.exception(60) is None or isinstance(first.exception(60), BrokerAway)
    assert [taken.kwargs["run_id"] for _, taken in queue.taken] == [str(run_id)]
    assert job(store)["state"] == "queued"


def _until_somebody_waits(store: Store) -> None:
    """Until a statement of the store's role waits for a lock."""
    pause = threading.Event()
    for _ in range(1200):
        waiting = store.rows(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if waiting:
            return
        pause.wait(0.05)
    pytest.fail("nobody waits")


def test_a_job_is_carried_out_once_however_often_its_order_comes(store: Store, queue: Queue) -> None:
    run_id = order(store, queue)
    assert slots.begin(store.pool, run_id)
    assert job(store)["state"] == "running"
    slots.end(store.pool, run_id, "nothing new")
    assert (job(store)["state"], job(store)["outcome"], job(store)["found"]) == ("done", "nothing new", None)
    assert not slots.begin(store.pool, run_id)
    assert order(store, queue) == run_id
    assert len(queue.taken) == 1


def test_a_job_whose_order_died_is_dead_and_says_why(store: Store, queue: Queue) -> None:
    run_id = order(store, queue)
    ((message_id, taken),) = queue.taken
    message: Any = dramatiq.Message(taken.queue, taken.actor, (), taken.kwargs, {}, message_id=str(message_id))
    bury_message(store.pool, a_death(message, error="UnknownScope: there is no league Foo"))
    assert (job(store)["state"], job(store)["error"]) == ("dead", "UnknownScope: there is no league Foo")
    slots.publish_claimed(store.pool, queue.publish)
    assert store.rows("SELECT state FROM touchline.slots") == [{"state": "dead"}]
    # it is a dead letter like any other, and no schedule whose next run would mend it
    with store.pool.connection() as connection, reading(connection, "clock") as found:
        assert next(found.rows)["dead"] is None
    (letter,) = store.rows("SELECT id FROM dead_letters")
    assert job(store)["dead_letter"] == letter["id"]
    assert job(store)["run_id"] == run_id


def test_old_jobs_go_with_their_slots(store: Store, queue: Queue) -> None:
    run_id = order(store, queue)
    waiting = order(store, queue, "waiting")
    slots.begin(store.pool, run_id)
    slots.end(store.pool, run_id, "found 3 matches")
    store.arrange("UPDATE touchline.slots SET due_at = due_at - interval '500 days'")
    store.arrange("UPDATE touchline.jobs SET created_at = created_at - interval '500 days'")
    assert sweep(store.pool, Retention()).rows["jobs"] == 1
    assert job(store)["run_id"] == waiting
