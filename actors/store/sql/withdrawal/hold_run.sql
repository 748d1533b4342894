-- Takes the run's row, the last lock of every transaction that counts for it: its verdict stays until this one commits.
SELECT 1 FROM touchline.run_accounts WHERE run_id = %(run_id)s
FOR UPDATE
