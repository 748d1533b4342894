-- The next order to be published: one that never was, or one of which nothing was heard for so long that it must have
-- been lost (a queue was emptied by hand). Locked, so that nobody else publishes it meanwhile.
SELECT schedule, due_at, message_id, "order"
FROM touchline.slots
WHERE state = 'claimed'
   OR (state IN ('published', 'running') AND touched_at < clock_timestamp() - make_interval(secs => %(lost_after)s))
ORDER BY due_at, schedule
LIMIT 1
FOR UPDATE SKIP LOCKED
