-- A sign of life of a run by what it sent besides matches. Locks the run for `settle`; a run that nobody has heard of
-- gets no row by it.
UPDATE touchline.run_accounts SET last_sign_at = now() WHERE run_id = %(run_id)s
RETURNING 1
