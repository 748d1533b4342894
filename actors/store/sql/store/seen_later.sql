-- For a late message: which of its matches were seen unchanged by a later observation. All of them, as far as anybody
-- knows, where the message is from before the horizon: what was seen then is forgotten (actors.store.housekeeping).
SELECT DISTINCT seen.match_id
FROM touchline.sightings AS s
CROSS JOIN LATERAL unnest(s.match_ids) AS seen (match_id)
WHERE s.source = %(source)s AND s.observed_at > %(observed_at)s AND seen.match_id = ANY(%(match_ids)s)
UNION
SELECT match_id
FROM unnest(%(match_ids)s::text[]) AS late (match_id)
WHERE %(observed_at)s < (SELECT before FROM touchline.horizon)
