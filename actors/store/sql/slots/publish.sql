-- The order is with the broker. One that was begun before stays begun.
UPDATE touchline.slots
SET state = CASE state WHEN 'running' THEN 'running' ELSE 'published' END,
    published_at = clock_timestamp(), touched_at = clock_timestamp()
WHERE schedule = %(schedule)s AND due_at = %(due_at)s
