-- Every order of a run, and whether it is still to be carried out. No row: the run was not divided (yet).
SELECT part, message_id, state IN ('waiting', 'running') AS open
FROM touchline.orders
WHERE run_id = %(run_id)s
ORDER BY part
