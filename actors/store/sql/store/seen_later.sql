-- For a late message: which of its matches were seen unchanged by a later observation.
SELECT DISTINCT seen.match_id
FROM touchline.sightings AS s
CROSS JOIN LATERAL unnest(s.match_ids) AS seen (match_id)
WHERE s.source = %(source)s AND s.observed_at > %(observed_at)s AND seen.match_id = ANY(%(match_ids)s)
