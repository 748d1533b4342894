-- Runs in the order in which their scopes are locked, lest two who tell of several deadlock; the newest word last.
SELECT run_id FROM touchline.run_accounts
WHERE run_id = ANY(%(run_ids)s)
ORDER BY source, (params - 'full')::text, started_at, run_id
