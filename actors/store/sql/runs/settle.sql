-- Writes what the run has come to, and says whether its state is another now. Asked again of a finished run it writes
-- nothing, unless something else is known since. The run's row is locked by now, so `before` is what it was.
UPDATE touchline.run_accounts AS run
SET finished_at = CASE %(state)s WHEN 'running' THEN NULL ELSE now() END,
    state = %(state)s, error = %(error)s, extra = %(extra)s, judged = false
FROM (SELECT state FROM touchline.run_accounts WHERE run_id = %(run_id)s) AS before
WHERE run.run_id = %(run_id)s
  AND (run.state, run.error, run.extra, run.judged) IS DISTINCT FROM (%(state)s, %(error)s, %(extra)s, false)
RETURNING run.source, run.state, run.state <> before.state
