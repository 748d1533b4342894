-- News to hand to the queue, oldest first, held until the transaction ends; what is older than a day is history.
SELECT news_id FROM touchline.news
WHERE published_at IS NULL AND created_at > now() - make_interval(secs => %(fresh)s)
ORDER BY created_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
