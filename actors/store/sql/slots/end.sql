-- The run of a slot is over, and what it found.
UPDATE touchline.slots SET state = 'done', ended_at = clock_timestamp(), touched_at = clock_timestamp(),
                           outcome = %(outcome)s
WHERE run_id = %(run_id)s AND state <> 'done'
