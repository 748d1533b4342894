-- Runs that ended before the horizon no longer ask the inbox for their messages, which it is about to forget; their sums
-- are known to be whole. A run that was given up may end yet, so it goes on asking.
UPDATE touchline.run_parts AS p SET messages = NULL
WHERE (p.run_id, p.part) IN (
    SELECT part.run_id, part.part
    FROM touchline.run_parts AS part
    JOIN touchline.run_accounts AS run USING (run_id)
    CROSS JOIN touchline.horizon AS h
    WHERE part.messages IS NOT NULL AND run.finished_at < h.before AND NOT run.judged
    LIMIT %(limit)s
    FOR UPDATE OF part SKIP LOCKED)
