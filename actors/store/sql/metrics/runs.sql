-- Of each source: how many runs are under way; the last that ended and read its site, with what became of its matches;
-- and when the last ended that succeeded.
WITH running AS (
    SELECT source, count(*) AS runs FROM public.runs WHERE state = 'running' GROUP BY source
)
SELECT coalesce(last.source, running.source) AS source, coalesce(running.runs, 0) AS running,
       extract(epoch FROM last.last_good_at)::float8 AS last_good, last.state,
       extract(epoch FROM last.finished_at)::float8 AS finished,
       last.found, last.inserted, last.updated, last.unchanged, last.stale, last.dead
  FROM touchline.last_runs AS last
  FULL JOIN running USING (source)
 ORDER BY 1
 LIMIT %(limit)s;
