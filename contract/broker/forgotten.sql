-- Messages that are claimed for this worker and that it knows nothing of: the connection broke while it claimed them.
UPDATE touchline_queue.queue
SET state = 'queued', worker_id = NULL, consumed_at = NULL, mtime = now()
WHERE state = 'consumed' AND worker_id = %(worker)s AND consumed_at < now() - interval '10 seconds'
    AND message_id <> ALL (%(known)s::uuid[]);
