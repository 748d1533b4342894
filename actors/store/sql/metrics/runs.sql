-- Of each source: how many runs are under way; the last that ended, with what became of its matches; and when the last
-- ended well. The account is pruned, so that there are some thousand runs at most.
WITH last AS (
    SELECT DISTINCT ON (source) source, run_id
      FROM touchline.run_accounts
     WHERE state <> 'running'
     ORDER BY source, finished_at DESC, run_id
), sources AS (
    SELECT source, count(*) FILTER (WHERE state = 'running') AS running,
           extract(epoch FROM max(finished_at) FILTER (WHERE state = 'succeeded'))::float8 AS last_good
      FROM touchline.run_accounts
     GROUP BY source
)
SELECT sources.source, sources.running, sources.last_good, run.state,
       extract(epoch FROM run.finished_at)::float8 AS finished,
       run.found, run.inserted, run.updated, run.unchanged, run.stale, run.dead
  FROM sources
  LEFT JOIN last USING (source)
  LEFT JOIN public.runs AS run ON run.run_id = last.run_id
 ORDER BY sources.source
 LIMIT %(limit)s;
