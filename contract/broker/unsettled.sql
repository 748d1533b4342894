-- How many messages are neither done nor dead: ready, delayed, or in the hands of a worker, be it alive or not.
SELECT count(*) FROM touchline_queue.queue WHERE queue_name = ANY (%(queues)s) AND state IN ('queued', 'consumed');
