"""One test for each hole of DESIGN section 3: ours closes it, and what Dramatiq or periodiq bring does not.

Each runs twice where that is possible, as `ours` and as `dramatiq's`: the same messages, with our part in place and
with theirs. A test that fails for theirs says that upstream has mended the hole, and that our part may go.

| hole | test |
|---|---|
| publisher confirms are off by default | `test_publishing`: a deleted queue, a line that breaks |
| a retry that cannot be published is acked | `test_retrying::test_a_retry_that_is_refused_is_not_the_end` |
| delivery tags after a reconnect | `test_a_delivery_is_settled_on_its_own_connection` in conformance/test_rabbitmq.py |
| a time limit fires while a retry is published | `test_retrying::test_a_time_limit_does_not_hit_a_retry` |
| an actor kills its worker | `test_workers::test_a_deadly_message_is_delivered_for_ever` (theirs), |
| | `test_a_message_that_kills_its_worker_is_dead_after_five_starts` in conformance/test_worker_life.py (ours) |
| dead messages expire, without their exception | `test_dying` |
| delayed messages and the consumer time-out | `test_retrying::test_no_delay_is_above_ten_minutes` |
| a memory or disk alarm | `test_publishing`: an alarm, and the copies that it leaves |
| the broker is away | `test_publishing::test_an_outage_of_a_second_is_sat_out` |
| a queue declared with other arguments | `test_publishing::test_a_queue_declared_otherwise_is_told_from_an_outage`, |
| | `test_a_queue_declared_otherwise_is_waited_for` in conformance/test_outages.py (the worker) |
| prefetch is one setting for all queues | `test_workers::test_a_scrape_is_left_to_others` |
| one dead process ends them all | `test_workers::test_a_dead_process_ends_the_others` (theirs), |
| | `test_a_worker_that_dies_is_started_again` in acceptance/test_up.py (ours) |
| SIGTERM twice | `test_workers::test_a_signal_that_comes_twice_ends_all_at_once` (theirs), |
| | `test_the_same_signal_twice_is_one` in conformance/test_worker_life.py (ours) |
| periodiq: Sundays, first runs, skipped retries | `test_periodiq` (theirs; and that one tick a minute is safe), |
| | tests/unit/test_cron.py (what comes due), a tick has no retries to skip |
| periodiq: sends that fail, SIGTERM | `test_periodiq`, both |
| periodiq: no last run, no lock | integration/store/test_slots.py |
| pika 1.5 | `test_pins` |
"""
