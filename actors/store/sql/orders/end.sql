-- The order of a part was carried out, and what it found.
UPDATE touchline.orders SET state = 'done', touched_at = clock_timestamp(), outcome = %(outcome)s
WHERE run_id = %(run_id)s AND part = %(part)s
