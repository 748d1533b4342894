-- Messages that were stored before the horizon and that no run asks for: those of runs that began before it and have not
-- ended, or ended after it, are kept. A dead message is kept as long as its letter: it may be stored yet. The day is for
-- a producer's clock that is wrong. Arrays, because they are made once and looked up by key, whatever the statistics say.
DELETE FROM touchline.inbox
WHERE message_id = ANY(ARRAY(
    SELECT i.message_id
    FROM touchline.inbox AS i
    WHERE i.stored_at < (SELECT before FROM touchline.horizon) AND NOT i.dead
      AND i.message_id <> ALL(ARRAY(
          SELECT sent.message_id::uuid
          FROM touchline.run_accounts AS run
          JOIN touchline.run_parts AS part USING (run_id)
          CROSS JOIN LATERAL jsonb_object_keys(part.messages) AS sent (message_id)
          WHERE run.started_at < (SELECT before + interval '1 day' FROM touchline.horizon)
            AND part.messages IS NOT NULL))
    LIMIT %(limit)s
    FOR UPDATE OF i SKIP LOCKED))
