-- A page of runs, newest first: those that began before the last one of the page before, which its key names.
SELECT run_id, source, params, trigger, scheduled_for, started_at, finished_at, state,
       found, inserted, updated, unchanged, stale, dead, error,
       extract(epoch FROM finished_at - started_at)::float8 AS duration_seconds
  FROM public.runs
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(trigger)s::text IS NULL OR trigger = %(trigger)s)
   AND (%(before)s::timestamptz IS NULL OR started_at < %(before)s
        OR started_at = %(before)s AND run_id > %(before_run)s::uuid)
 ORDER BY started_at DESC, run_id
 LIMIT %(limit)s::bigint;
