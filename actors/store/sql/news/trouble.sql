-- A run that did not end well: remembered as its scope's trouble, and told if that is new: the scope was well, its state
-- was another, or it was told a day ago. A run that began before the one in trouble changes nothing, and neither does one
-- that somebody stopped, or that read kept documents again: whoever did that knows. A run that was told of before its
-- start was heard, when nobody knew its scope, takes that along. Who comes at the same time waits for the scope's row.
WITH run AS (
    SELECT run.run_id, run.source, run.params - 'full' AS params, (run.params - 'full')::text AS scope, run.state,
           run.error, run.started_at, run.trigger
    FROM touchline.run_accounts AS run
    WHERE run.run_id = %(run_id)s AND NOT run.params ? 'reparse'
      AND (run.state IN ('suspect', 'failed') OR (run.state = 'interrupted' AND run.judged))
), moved AS (
    DELETE FROM touchline.troubles AS t USING run
    WHERE t.run_id = run.run_id AND t.scope <> run.scope
    RETURNING t.state, t.since, t.news_id, t.told_at
), trouble AS (
    INSERT INTO touchline.troubles AS t (source, scope, state, run_id, started_at, since, news_id, told_at)
    SELECT run.source, run.scope, run.state, run.run_id, run.started_at, coalesce(moved.since, now()),
           coalesce(moved.news_id, %(news_id)s), coalesce(moved.told_at, now())
    FROM run
    LEFT JOIN moved ON moved.state = run.state
    ON CONFLICT (source, scope) DO UPDATE
    SET state = excluded.state, run_id = excluded.run_id, started_at = excluded.started_at,
        (news_id, told_at) = (
            SELECT CASE WHEN new THEN excluded.news_id ELSE t.news_id END, CASE WHEN new THEN now() ELSE t.told_at END
            FROM (SELECT t.state <> excluded.state
                         OR t.told_at < now() - make_interval(secs => %(again)s) AS new) AS told)
    WHERE t.started_at <= excluded.started_at
    RETURNING t.since, t.news_id
)
INSERT INTO touchline.news (news_id, kind, source, scope, run_id, payload)
SELECT trouble.news_id, 'run.' || run.state, run.source, run.scope, run.run_id,
       jsonb_build_object(
           'source', run.source, 'scope', run.params, 'run_id', run.run_id, 'state', run.state, 'error', run.error,
           'trigger', run.trigger, 'since', trouble.since, 'started_at', run.started_at,
           'counts', jsonb_build_object(
               'found', account.found, 'inserted', account.inserted, 'updated', account.updated,
               'unchanged', account.unchanged, 'stale', account.stale, 'dead', account.dead))
FROM run
CROSS JOIN trouble
JOIN public.runs AS account ON account.run_id = run.run_id
WHERE trouble.news_id = %(news_id)s
