-- A piece of news that is to be delivered now: nobody else delivers it while the transaction lasts.
SELECT news_id, kind, payload, created_at, delivered_at FROM touchline.news WHERE news_id = %(news_id)s FOR UPDATE NOWAIT
