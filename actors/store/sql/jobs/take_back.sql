-- A job that the broker did not take is none, unless somebody else has published it meanwhile.
WITH slot AS (
    DELETE FROM touchline.slots WHERE run_id = %(run_id)s AND state = 'claimed' RETURNING run_id
)
DELETE FROM touchline.jobs AS job USING slot WHERE job.run_id = slot.run_id
