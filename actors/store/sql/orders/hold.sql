-- Locks the orders of a run, so that of two that both could be the last the second sees the first.
SELECT part FROM touchline.orders WHERE run_id = %(run_id)s ORDER BY part FOR UPDATE
