-- An open letter with all that sending it takes, held until the transaction ends. No row comes back where it is not open,
-- or somebody else holds it.
SELECT dead_id, kind, queue, actor, source, match_id, run_id, part, observed_at, carrier, replays, payload, body
FROM touchline.dead
WHERE dead_id = %(dead_id)s AND state = 'open'
FOR UPDATE SKIP LOCKED
