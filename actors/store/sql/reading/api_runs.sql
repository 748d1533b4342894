-- Runs by key, newest first.
SELECT run_id, source, params, trigger, scheduled_for, started_at, finished_at, state,
       found, inserted, updated, unchanged, stale, dead, error
  FROM public.runs
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(trigger)s::text IS NULL OR trigger = %(trigger)s)
   AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
   AND (%(run)s::uuid IS NULL OR run_id = %(run)s)
   AND (%(after_started)s::text IS NULL
        OR (started_at, run_id) < (%(after_started)s::text::timestamptz, %(after_run)s::text::uuid))
 ORDER BY started_at DESC, run_id DESC
 LIMIT %(limit)s::bigint;
