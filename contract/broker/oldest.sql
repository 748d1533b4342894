-- Of each queue in which a message is ready: for how many seconds the first of them has been so.
SELECT queue_name, extract(epoch FROM now() - min(available_at))::float8
FROM touchline_queue.queue
WHERE queue_name = ANY (%(queues)s) AND state = 'queued' AND available_at <= now()
GROUP BY queue_name;
