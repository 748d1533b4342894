-- A message that was delivered before is begun: how often that was, this time included. Committed before it begins, so
-- that a crash of the worker is counted; the commit waits for no disk, since one of the database is not what counts.
INSERT INTO touchline.starts AS s (message_id, starts)
SELECT %(message_id)s, 1 FROM (SELECT set_config('synchronous_commit', 'off', true)) AS without_waiting
ON CONFLICT (message_id) DO UPDATE SET starts = s.starts + 1, started_at = now()
RETURNING starts
