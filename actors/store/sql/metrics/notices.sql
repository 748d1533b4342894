-- Notices that are on their way: handed to the queue in the last week, and not taken by the receiver. Those that nobody
-- is to be told of are never handed over.
SELECT count(*) AS notices
  FROM touchline.news
 WHERE published_at IS NOT NULL AND delivered_at IS NULL AND created_at > now() - interval '7 days';
