-- A sign of life of a run that had nothing else to say. It takes back that the run was given up for dead, and nothing
-- that the run or its messages said themselves: one that comes late, after the end, changes nothing.
UPDATE touchline.run_accounts
SET last_sign_at = now(), state = 'running', finished_at = NULL, error = NULL, extra = 0, judged = false
WHERE run_id = %(run_id)s AND (state = 'running' OR (judged AND state = 'interrupted'))
