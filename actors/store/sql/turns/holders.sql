-- Who reads the source now.
SELECT run_id, host, pid, since FROM touchline.turns
WHERE source = %(source)s AND expires_at > statement_timestamp()
ORDER BY place
