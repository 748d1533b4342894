-- Writes what the run has come to. Asked again of a finished run it writes nothing, unless something else is known since.
UPDATE touchline.run_accounts AS run
SET finished_at = CASE %(state)s WHEN 'running' THEN NULL ELSE now() END,
    state = %(state)s, error = %(error)s, extra = %(extra)s, judged = false
WHERE run.run_id = %(run_id)s
  AND (run.state, run.error, run.extra, run.judged) IS DISTINCT FROM (%(state)s, %(error)s, %(extra)s, false)
RETURNING run.state
