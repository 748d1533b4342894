-- Rows that a run counted as dead are about to be counted as what they became.
UPDATE touchline.run_accounts SET dead = greatest(dead - %(rows)s, 0) WHERE run_id = %(run_id)s
