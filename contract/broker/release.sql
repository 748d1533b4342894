-- Claimed messages go back to the head of their queue. They were not left behind by a worker that died, so that this
-- delivery does not count.
WITH released AS (
    UPDATE touchline_queue.queue AS queue
    SET state = 'queued', worker_id = NULL, consumed_at = NULL, mtime = now(), deliveries = queue.deliveries - 1
    FROM unnest(%(message_ids)s::uuid[], %(claims)s::timestamptz[]) AS held (message_id, claim)
    WHERE queue.message_id = held.message_id AND queue.state = 'consumed'
        AND queue.worker_id = %(worker)s AND queue.consumed_at = held.claim
    RETURNING queue.queue_name
)
SELECT pg_notify('touchline_queue.' || queue_name, '') FROM (SELECT DISTINCT queue_name FROM released) AS queues;
