-- The usual case: a batch of the newest observation shares the part's frontier with the others of that observation.
SELECT 1 FROM touchline.frontier
WHERE source = %(source)s AND part = %(part)s AND observed_at = %(observed_at)s
FOR SHARE
