-- Gives up runs that nothing was heard of for a while: a run that has not said how it ended is interrupted, one that has
-- is suspect, because something that it sent did not arrive. Both with the numbers, and until something is heard after
-- all (settle, alive). Any number of workers may ask at once: whoever comes second finds the row locked, or judged; and
-- a message that comes at this very moment has moved last_sign_at, so that the row is left alone. Nor is a run given up
-- that was divided into orders of which some still wait for their turn, or have just been begun: as long as that may take.
WITH silent AS MATERIALIZED (
    SELECT run.run_id, run.parts, extract(epoch FROM now() - run.last_sign_at)::bigint AS seconds,
           run.inserted + run.updated + run.unchanged + run.stale + run.dead AS accounted
    FROM touchline.run_accounts AS run
    WHERE run.state = 'running' AND run.last_sign_at < now() - make_interval(secs => %(silence)s)
      AND (%(only)s::uuid[] IS NULL OR run.run_id = ANY(%(only)s))
      AND NOT EXISTS (
          SELECT FROM touchline.orders AS o
          WHERE o.run_id = run.run_id
            AND ((o.state = 'waiting' AND o.touched_at > now() - make_interval(secs => %(waiting)s))
                 OR (o.state = 'running' AND o.touched_at > now() - make_interval(secs => %(silence)s))))
    FOR UPDATE SKIP LOCKED
), ended AS (
    SELECT silent.*,
           coalesce(bool_or(p.part = '') OR count(*) FILTER (WHERE p.part = ANY(silent.parts)) = cardinality(silent.parts),
                    false) AS complete,
           count(*) FILTER (WHERE NOT p.failed) AS read,
           coalesce(sum(p.found), 0)::bigint AS found
    FROM silent
    LEFT JOIN touchline.run_parts AS p USING (run_id)
    GROUP BY silent.run_id, silent.parts, silent.seconds, silent.accounted
), sent AS (
    SELECT silent.run_id, count(*) AS messages, count(i.message_id) AS arrived,
           coalesce(sum(m.rows::bigint) FILTER (WHERE i.message_id IS NULL), 0)::bigint AS lost
    FROM silent
    JOIN touchline.run_parts AS p USING (run_id)
    CROSS JOIN LATERAL jsonb_each_text(p.messages) AS m (message_id, rows)
    LEFT JOIN touchline.inbox AS i ON i.message_id = m.message_id::uuid
    GROUP BY silent.run_id
), missed AS (
    -- a part that did not name its messages can only be counted
    SELECT ended.*, coalesce(sent.messages, 0) AS messages, coalesce(sent.arrived, 0) AS arrived,
           CASE WHEN complete THEN greatest(coalesce(sent.lost, 0), found - accounted) ELSE coalesce(sent.lost, 0) END
               AS missing
    FROM ended
    LEFT JOIN sent USING (run_id)
), verdict AS (
    SELECT run_id, greatest(accounted + missing - found, 0) AS extra,
           CASE WHEN complete THEN 'suspect' ELSE 'interrupted' END AS state,
           CASE WHEN complete THEN format(
                    'not everything that was sent arrived; matches missing: %%s of %%s; messages that arrived: %%s of %%s; '
                    'nothing came for %%s',
                    to_char(missing, 'FM999,999,990'), to_char(found, 'FM999,999,990'), arrived, messages, waited)
                ELSE format(
                    'nothing was heard of its process for %%s: it died, or cannot reach the queue; parts read: %%s of %%s; '
                    'matches that arrived: %%s',
                    waited, read, coalesce(cardinality(parts)::text, 'an unknown number'),
                    to_char(accounted, 'FM999,999,990')) END AS error
    FROM missed
    CROSS JOIN LATERAL (
        SELECT CASE WHEN seconds < 120 THEN seconds || ' s' ELSE seconds / 60 || ' min' END AS waited) AS words
    WHERE NOT complete OR (missing > 0 AND seconds >= %(arrival)s AND %(stored_for)s >= %(arrival)s)
)
UPDATE touchline.run_accounts AS run
SET state = verdict.state, error = verdict.error, extra = verdict.extra, judged = true, finished_at = now()
FROM verdict
WHERE run.run_id = verdict.run_id
RETURNING run.run_id, run.source, run.state, run.error
