-- Rows of a message that cannot be stored, kept with their reasons until a person acts.
INSERT INTO touchline.dead (kind, queue, actor, message_id, run_id, source, match_id, reason, error, payload)
SELECT 'match', %(queue)s, %(actor)s, %(message_id)s, %(run_id)s, %(source)s, r.match_id, r.reason, r.error, r.payload
FROM jsonb_to_recordset(%(rows)s) AS r (match_id text, reason text, error text, payload jsonb)
