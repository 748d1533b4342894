-- A message is done, if the claim is still the worker's. An ack that a power cut forgets is a message delivered again.
DELETE FROM touchline_queue.queue
USING (SELECT set_config('synchronous_commit', 'off', true)) AS without_waiting
WHERE message_id = %(message_id)s AND state = 'consumed' AND worker_id = %(worker)s AND consumed_at = %(claim)s;
