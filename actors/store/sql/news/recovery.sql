-- A run that ended well: its scope's trouble is over, and so is one that this very run was in (its word came late, or
-- what it was asked for became known only now). An older run than the one in trouble ends nothing.
WITH run AS (
    SELECT run_id, source, params - 'full' AS params, (params - 'full')::text AS scope, state, started_at, trigger
    FROM touchline.run_accounts
    WHERE run_id = %(run_id)s AND state = 'succeeded'
), over AS (
    DELETE FROM touchline.troubles AS t USING run
    WHERE t.source = run.source
      AND (t.run_id = run.run_id OR (t.scope = run.scope AND t.started_at <= run.started_at))
    RETURNING t.state, t.since
)
INSERT INTO touchline.news (news_id, kind, source, scope, run_id, payload)
SELECT %(news_id)s, 'source.recovered', run.source, run.scope, run.run_id,
       jsonb_build_object(
           'source', run.source, 'scope', run.params, 'run_id', run.run_id, 'state', run.state, 'error', NULL,
           'trigger', run.trigger, 'was', was.state, 'since', was.since, 'started_at', run.started_at,
           'counts', jsonb_build_object(
               'found', account.found, 'inserted', account.inserted, 'updated', account.updated,
               'unchanged', account.unchanged, 'stale', account.stale, 'dead', account.dead))
FROM run
CROSS JOIN (SELECT state, since FROM over ORDER BY since LIMIT 1) AS was
JOIN public.runs AS account ON account.run_id = run.run_id
