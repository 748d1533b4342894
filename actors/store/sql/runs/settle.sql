-- Finishes the run if every part that it named has ended and every match of them is accounted for.
-- The run's row is locked by now, so of two messages that both could be the last the second sees the first.
WITH ended AS (
    SELECT count(*) FILTER (WHERE p.part = ANY(run.parts)) AS named,
           bool_or(p.part = '') AS as_a_whole,
           coalesce(sum(p.found), 0) AS found,
           bool_or(p.failed) AS failed,
           bool_and(p.not_modified) AS not_modified,
           (array_agg(p.error ORDER BY p.ended_at) FILTER (WHERE p.failed))[1] AS error,
           string_agg(p.error, '; ' ORDER BY p.part) FILTER (WHERE NOT p.failed) AS notices
    FROM touchline.run_accounts AS run
    LEFT JOIN touchline.run_parts AS p USING (run_id)
    WHERE run.run_id = %(run_id)s
)
UPDATE touchline.run_accounts AS run
SET finished_at = now(),
    state = CASE WHEN ended.failed THEN 'failed'
                 WHEN ended.found = 0 AND NOT ended.not_modified THEN 'suspect'
                 ELSE 'succeeded' END,
    error = CASE WHEN ended.failed THEN ended.error
                 WHEN ended.found = 0 AND NOT ended.not_modified
                 THEN 'the site listed no match at all in what was asked for'
                 ELSE ended.notices END
FROM ended
WHERE run.run_id = %(run_id)s AND run.state = 'running'
  AND (ended.as_a_whole OR ended.named = cardinality(run.parts))
  AND run.inserted + run.updated + run.unchanged + run.stale + run.dead >= ended.found
RETURNING run.state
