-- The run that is about to be finished.
SELECT source, params, started_at, dead, inserted + updated + unchanged + stale + dead AS accounted
FROM touchline.run_accounts WHERE run_id = %(run_id)s
