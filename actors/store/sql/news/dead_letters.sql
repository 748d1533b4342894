-- Open letters that nobody was told of, one piece of news for each source, actor and reason: told if there was none for
-- a day, or if there are ten times as many as it said. Those of the actor that tells are left out, or it would tell of
-- itself for ever.
WITH burst AS (
    SELECT source, actor, reason, count(*) AS letters, sum(rows) AS matches, min(died_at) AS since,
           (array_agg(error ORDER BY dead_id))[1] AS error, count(DISTINCT run_id) AS runs,
           (array_agg(run_id ORDER BY dead_id) FILTER (WHERE run_id IS NOT NULL))[1] AS run_id
    FROM touchline.dead
    WHERE told_at IS NULL AND state = 'open' AND actor <> %(notify)s
    GROUP BY source, actor, reason
), due AS (
    SELECT burst.*, burst.actor || ' ' || burst.reason AS scope
    FROM burst
    LEFT JOIN LATERAL (
        SELECT created_at, (payload -> 'counts' ->> 'letters')::bigint AS letters
        FROM touchline.news
        WHERE kind = 'dead_letters' AND scope = burst.actor || ' ' || burst.reason
          AND source IS NOT DISTINCT FROM burst.source
        ORDER BY created_at DESC
        LIMIT 1) AS before ON true
    WHERE before.created_at IS NULL OR before.created_at < now() - make_interval(secs => %(again)s)
       OR burst.letters >= 10 * before.letters
), free AS MATERIALIZED (
    -- a letter that somebody holds is being replayed or dropped: no news, or news once it dies again
    SELECT d.dead_id
    FROM touchline.dead AS d
    JOIN due ON d.actor = due.actor AND d.reason = due.reason AND d.source IS NOT DISTINCT FROM due.source
    WHERE d.told_at IS NULL AND d.state = 'open'
    FOR UPDATE OF d SKIP LOCKED
), told AS (
    UPDATE touchline.dead SET told_at = now() WHERE dead_id IN (SELECT dead_id FROM free)
)
INSERT INTO touchline.news (news_id, kind, source, scope, run_id, payload)
SELECT gen_random_uuid(), 'dead_letters', source, scope, CASE runs WHEN 1 THEN run_id END,
       jsonb_build_object(
           'source', source, 'scope', jsonb_build_object('actor', actor, 'reason', reason),
           'run_id', CASE runs WHEN 1 THEN run_id END, 'state', 'open', 'error', left(error, 2000), 'since', since,
           'counts', jsonb_build_object('letters', letters, 'matches', matches, 'runs', runs))
FROM due
