-- Runs that are under way, and those that were started lately, oldest first: for whoever watches them. The account may
-- change at any time, so each look reads all of them.
SELECT run_id, source, params, trigger, scheduled_for, started_at, finished_at, state,
       found, inserted, updated, unchanged, stale, dead, error,
       extract(epoch FROM finished_at - started_at)::float8 AS duration_seconds
  FROM public.runs
 WHERE (state = 'running' OR started_at >= coalesce(%(since)s::timestamptz, now() - interval '2 days'))
   AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
   AND (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(run)s::text IS NULL OR starts_with(run_id::text, lower(%(run)s)))
 ORDER BY started_at, run_id;
