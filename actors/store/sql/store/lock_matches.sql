-- Locks the matches that are about to change, in key order, so that two batches wait for each other and cannot deadlock.
SELECT match_id FROM touchline.matches
WHERE source = %(source)s AND match_id = ANY(%(match_ids)s)
ORDER BY match_id
FOR UPDATE
