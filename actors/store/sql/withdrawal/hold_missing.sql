-- The matches of a part that an observation of all of it did not list, locked in key order as a batch would. Those whose
-- rows the run found and could not store were listed.
WITH seen AS MATERIALIZED (
    SELECT unnest(s.match_ids) AS match_id FROM touchline.sightings AS s
    WHERE s.source = %(source)s AND s.observed_at BETWEEN %(since)s AND %(as_of)s
)
SELECT m.match_id
FROM touchline.matches AS m
WHERE m.source = %(source)s AND m.part = %(part)s AND m.withdrawn_at IS NULL AND m.observed_at < %(since)s
  AND NOT EXISTS (SELECT FROM seen WHERE seen.match_id = m.match_id)
  AND NOT EXISTS (
      SELECT FROM touchline.dead AS letter WHERE letter.run_id = %(run_id)s AND letter.match_id = m.match_id)
ORDER BY m.match_id
FOR UPDATE
