-- Nothing is left to do about the part. `as_of`: the observation of which its missing matches are withdrawn now.
UPDATE touchline.run_parts SET withdrawal_due = false, withdrawn_as_of = %(as_of)s
WHERE run_id = %(run_id)s AND part = %(part)s
