-- The next messages that are due, from now on this worker's. `consumed_at` is the claim's mark: only who has it settles
-- the message. Of those that were delivered before, and may have killed their worker, a worker has one at a time: the
-- next death takes no other along. A claim that a power cut forgets is a message delivered again, so the commit waits for
-- no disk.
WITH fresh AS (
    SELECT message_id
    FROM touchline_queue.queue
    WHERE queue_name = %(queue)s AND state = 'queued' AND available_at <= now() AND deliveries = 0
    ORDER BY available_at, position
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
),
suspect AS (
    SELECT message_id
    FROM touchline_queue.queue
    WHERE queue_name = %(queue)s AND state = 'queued' AND available_at <= now() AND deliveries > 0
    ORDER BY available_at, position
    LIMIT %(suspects)s
    FOR UPDATE SKIP LOCKED
)
UPDATE touchline_queue.queue AS claimed
SET state = 'consumed', worker_id = %(worker)s, consumed_at = clock_timestamp(), mtime = now(),
    deliveries = claimed.deliveries + 1
FROM (SELECT message_id FROM fresh UNION ALL SELECT message_id FROM suspect) AS next,
    (SELECT set_config('synchronous_commit', 'off', true)) AS without_waiting
WHERE claimed.message_id = next.message_id
RETURNING claimed.message_id::text, claimed.message::text, claimed.consumed_at, claimed.position,
    claimed.deliveries;
