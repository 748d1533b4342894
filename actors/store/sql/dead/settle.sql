-- The letter's message is stored: nothing is left to do about it. What a person dropped stays dropped. Waits for whoever
-- replays it at this moment.
UPDATE touchline.dead
SET state = CASE state WHEN 'dropped' THEN state ELSE 'replayed' END, settled_at = now()
WHERE carrier = %(message_id)s
RETURNING dead_id, rows
