-- Jobs by key, newest first, and how far each came.
SELECT run_id, source, params, state, created_at, confirmed_at, started_at, finished_at,
       found, inserted, updated, unchanged, stale, dead, error, outcome, dead_letter
  FROM touchline.job_states
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(run)s::uuid IS NULL OR run_id = %(run)s)
   AND (%(after_created)s::text IS NULL
        OR (created_at, run_id) < (%(after_created)s::text::timestamptz, %(after_run)s::text::uuid))
 ORDER BY created_at DESC, run_id DESC
 LIMIT %(limit)s::bigint;
