-- This worker lives, and consumes these queues.
INSERT INTO touchline_queue.worker (worker_id, heartbeat_at, queues)
VALUES (%(worker)s, now(), %(queues)s)
ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at = now(), queues = EXCLUDED.queues;
