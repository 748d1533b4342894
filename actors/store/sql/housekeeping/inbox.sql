-- Messages that were stored before the horizon and that no run asks for: those of runs that began before it and have not
-- ended, or ended after it, are kept. A dead message is kept as long as its letter: it may be stored yet. The day is for
-- a producer's clock that is wrong.
WITH asked AS MATERIALIZED (
    SELECT sent.message_id::uuid AS message_id
    FROM touchline.run_accounts AS run
    JOIN touchline.run_parts AS part USING (run_id)
    CROSS JOIN LATERAL jsonb_object_keys(part.messages) AS sent (message_id)
    WHERE run.started_at < (SELECT before + interval '1 day' FROM touchline.horizon) AND part.messages IS NOT NULL
)
DELETE FROM touchline.inbox
WHERE message_id IN (
    SELECT i.message_id
    FROM touchline.inbox AS i
    WHERE i.stored_at < (SELECT before FROM touchline.horizon) AND NOT i.dead
      AND NOT EXISTS (SELECT FROM asked WHERE asked.message_id = i.message_id)
    ORDER BY i.stored_at
    LIMIT %(limit)s
    FOR UPDATE OF i SKIP LOCKED)
