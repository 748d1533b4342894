-- One message, delivered after a delay in milliseconds. A message that is there already, in whatever state, is replaced:
-- a retry takes the place of the attempt that failed in one step.
WITH enqueued AS (
    INSERT INTO touchline_queue.queue (message_id, queue_name, state, message, available_at)
    VALUES (
        %(message_id)s, %(queue)s, 'queued', %(message)s::text::json,
        now() + make_interval(secs => %(delay)s::double precision / 1000)
    )
    ON CONFLICT (message_id) DO UPDATE SET
        queue_name = EXCLUDED.queue_name,
        state = 'queued',
        message = EXCLUDED.message,
        available_at = EXCLUDED.available_at,
        worker_id = NULL,
        consumed_at = NULL,
        deliveries = 0,
        mtime = now()
    RETURNING 1
)
SELECT pg_notify('touchline_queue.' || %(queue)s, '') FROM enqueued WHERE %(delay)s::double precision <= 0;
