-- What the run said when it started. A run that is started again (its order was delivered twice) is open again.
INSERT INTO touchline.run_accounts AS run (run_id, source, params, trigger, scheduled_for, started_at, parts)
VALUES (%(run_id)s, %(source)s, %(params)s, %(trigger)s, %(scheduled_for)s, %(at)s, %(parts)s)
ON CONFLICT (run_id) DO UPDATE
SET params = excluded.params, trigger = excluded.trigger, scheduled_for = excluded.scheduled_for,
    started_at = CASE WHEN run.parts IS NULL THEN excluded.started_at ELSE run.started_at END,
    parts = excluded.parts, state = 'running', judged = false, extra = 0, finished_at = NULL, error = NULL,
    last_sign_at = now()
