-- Starts of messages that ended in no worker, a week ago: they were dropped from their queue.
DELETE FROM touchline.starts
WHERE message_id IN (
    SELECT message_id FROM touchline.starts WHERE started_at < now() - interval '7 days'
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
