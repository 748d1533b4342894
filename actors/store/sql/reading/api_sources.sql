-- Of each source that has run: its last run that ended, and when the last good one did.
SELECT source, run_id, state, started_at, finished_at, found, inserted, updated, unchanged, stale, dead, last_good_at
  FROM touchline.last_runs
 ORDER BY source;
