-- Writes down what becomes of slots. One that has a row keeps it.
INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order", outcome, ended_at)
SELECT %(schedule)s, s.due_at, s.run_id, s.message_id, s.state, s."order", s.outcome,
       CASE WHEN s.state IN ('skipped', 'missed') THEN clock_timestamp() END
FROM jsonb_to_recordset(%(slots)s) AS s (
    due_at timestamptz, run_id uuid, message_id uuid, state text, "order" jsonb, outcome text)
ON CONFLICT DO NOTHING
