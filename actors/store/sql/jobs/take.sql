-- The order of a job and how far it came. Locked, so that nobody else publishes it meanwhile. No row: there is none.
SELECT state = 'claimed' AS unpublished, schedule, due_at, message_id, "order"
FROM touchline.slots
WHERE run_id = %(run_id)s
FOR UPDATE
