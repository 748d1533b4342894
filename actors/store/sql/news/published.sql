-- The queue has confirmed that it has this piece of news.
UPDATE touchline.news SET published_at = now() WHERE news_id = %(news_id)s
