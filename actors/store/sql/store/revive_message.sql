-- A message that was dead is stored after all. No row comes back where it was stored before.
UPDATE touchline.inbox SET dead = false, stored_at = now(), observed_at = %(observed_at)s
WHERE message_id = %(message_id)s AND dead
RETURNING 1
