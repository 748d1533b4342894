-- Finishes the run if every part that it named has ended and every match of them is accounted for. Asked again of a
-- finished run it writes nothing, unless a part has said something else since.
-- The run's row is locked by now, so of two messages that both could be the last the second sees the first.
WITH ended AS (
    SELECT count(*) FILTER (WHERE p.part = ANY(run.parts)) AS named,
           bool_or(p.part = '') AS as_a_whole,
           coalesce(sum(p.found), 0) AS found,
           bool_or(p.failed) AS failed,
           bool_and(p.not_modified) AS not_modified,
           (array_agg(p.error ORDER BY p.ended_at) FILTER (WHERE p.failed))[1] AS error,
           string_agg(p.error, '; ' ORDER BY p.part) FILTER (WHERE NOT p.failed) AS notices,
           run.parts
    FROM touchline.run_accounts AS run
    LEFT JOIN touchline.run_parts AS p USING (run_id)
    WHERE run.run_id = %(run_id)s
    GROUP BY run.run_id
), verdict AS (
    SELECT CASE WHEN failed THEN 'failed' WHEN found = 0 AND NOT not_modified THEN 'suspect' ELSE 'succeeded' END AS state,
           CASE WHEN failed THEN error
                WHEN found = 0 AND NOT not_modified THEN 'the site listed no match at all in what was asked for'
                ELSE notices END AS error,
           found
    FROM ended
    WHERE as_a_whole OR named = cardinality(parts)
)
UPDATE touchline.run_accounts AS run
SET finished_at = now(), state = verdict.state, error = verdict.error
FROM verdict
WHERE run.run_id = %(run_id)s
  AND run.inserted + run.updated + run.unchanged + run.stale + run.dead >= verdict.found
  AND (run.state, run.error) IS DISTINCT FROM (verdict.state, verdict.error)
RETURNING run.state
