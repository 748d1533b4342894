-- The orders of a run, all at once. Whoever comes second finds them.
INSERT INTO touchline.orders (run_id, part, message_id)
SELECT %(run_id)s, o.part, o.message_id
FROM jsonb_to_recordset(%(orders)s) AS o (part text, message_id uuid)
ON CONFLICT DO NOTHING
