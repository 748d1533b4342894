-- Old news that was delivered, or that nobody was to be told. What was published and not delivered is a dead letter, or
-- still in the queue.
DELETE FROM touchline.news
WHERE news_id IN (
    SELECT news_id FROM touchline.news
    WHERE created_at < now() - make_interval(days => %(days)s) AND (delivered_at IS NOT NULL OR published_at IS NULL)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
