-- Runs, newest first, with what became of every match that they found.
SELECT run_id, source, params, trigger, scheduled_for, started_at, finished_at, state,
       found, inserted, updated, unchanged, stale, dead, error,
       extract(epoch FROM finished_at - started_at)::float8 AS duration_seconds
  FROM public.runs
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
   AND (%(run)s::text IS NULL OR starts_with(run_id::text, lower(%(run)s)))
 ORDER BY started_at DESC, run_id
 LIMIT %(limit)s::bigint;
