-- A message is dead, if the claim is still the worker's. It stays, with what its failure added to it, until a person acts.
UPDATE touchline_queue.queue
SET state = 'rejected', message = coalesce(%(message)s::text::json, message), worker_id = NULL, mtime = now()
WHERE message_id = %(message_id)s AND state = 'consumed' AND worker_id = %(worker)s AND consumed_at = %(claim)s;
