-- The oldest dead message of these queues that nobody else holds, held until the transaction ends.
SELECT message_id::text, queue_name, message::text, mtime, deliveries
FROM touchline_queue.queue
WHERE state = 'rejected' AND queue_name = ANY (%(queues)s) AND message_id <> ALL (%(left)s::uuid[])
ORDER BY mtime, position
LIMIT 1
FOR UPDATE SKIP LOCKED;
