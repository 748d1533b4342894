-- Where a run stands, for whoever waits for it: until the matches that it no longer lists are withdrawn, it runs.
SELECT state, found, inserted, updated, unchanged, stale, dead, error
FROM touchline.run_progress WHERE run_id = %(run_id)s
