-- The parts that the run read, each beside what earlier runs read of it: how many matches the last good run of the same
-- scope found (or any that read all of the part, where this one did), the newest state of the site that was seen since, and when the present one was seen first.
SELECT p.part, p.found, p.complete, p.observed_at, p.error IS NOT NULL AS explained, p.listed,
       good.found AS last_found, good.started_at AS last_at, seen.newest, seen.first_at
FROM touchline.run_accounts AS run
JOIN touchline.run_parts AS p USING (run_id)
LEFT JOIN LATERAL (
    SELECT before.found, earlier.started_at
    FROM touchline.run_accounts AS earlier
    JOIN touchline.run_parts AS before ON before.run_id = earlier.run_id AND before.part = p.part
    WHERE earlier.started_at < run.started_at AND earlier.source = run.source AND earlier.state = 'succeeded'
      AND (earlier.params - 'full' = run.params - 'full' OR (before.complete AND p.complete))
      AND before.found > 0 AND NOT before.failed
    ORDER BY earlier.started_at DESC
    LIMIT 1
) AS good ON true
LEFT JOIN LATERAL (
    SELECT max(before.observed_at) AS newest,
           min(earlier.started_at) FILTER (WHERE before.observed_at = p.observed_at) AS first_at
    FROM touchline.run_parts AS before
    JOIN touchline.run_accounts AS earlier ON earlier.run_id = before.run_id
    WHERE before.part = p.part AND before.observed_at >= p.observed_at AND NOT before.failed
      AND earlier.source = run.source AND earlier.started_at < run.started_at
) AS seen ON true
WHERE run.run_id = %(run_id)s AND NOT p.failed AND NOT p.not_modified
ORDER BY p.part
