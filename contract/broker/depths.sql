-- Of each queue that anybody used: messages ready, delayed and dead, and the workers that consume it. A worker counts as
-- long as others leave it its messages.
WITH messages AS (
    SELECT
        queue_name,
        count(*) FILTER (WHERE state = 'queued' AND available_at <= now()) AS ready,
        count(*) FILTER (WHERE state = 'queued' AND available_at > now()) AS delayed,
        count(*) FILTER (WHERE state = 'rejected') AS dead
    FROM touchline_queue.queue
    WHERE queue_name = ANY (%(queues)s)
    GROUP BY queue_name
),
consumers AS (
    SELECT queue_name, count(*) AS workers
    FROM touchline_queue.worker, unnest(queues) AS queue_name
    WHERE heartbeat_at > now() - make_interval(secs => %(ttl)s) AND queue_name = ANY (%(queues)s)
    GROUP BY queue_name
)
SELECT queue_name, coalesce(ready, 0), coalesce(delayed, 0), coalesce(dead, 0), coalesce(workers, 0)
FROM messages FULL JOIN consumers USING (queue_name);
