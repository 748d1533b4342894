-- The receiver has taken it.
UPDATE touchline.news SET delivered_at = now() WHERE news_id = %(news_id)s
