-- The matches of a part that an observation of all of it did not list, locked in key order as a batch would. Those whose
-- rows the run found and could not store were listed.
WITH missing AS MATERIALIZED (
    -- grouped and not joined: of a part that has just been stored the planner expects a row or two, and would compare each
    -- match with each sighting
    SELECT match_id FROM (
        SELECT m.match_id, false AS listed
        FROM touchline.matches AS m
        WHERE m.source = %(source)s AND m.part = %(part)s AND m.withdrawn_at IS NULL AND m.observed_at < %(since)s
        UNION ALL
        SELECT unnest(s.match_ids), true
        FROM touchline.sightings AS s
        WHERE s.source = %(source)s AND s.observed_at BETWEEN %(since)s AND %(as_of)s
        UNION ALL
        SELECT letter.match_id, true FROM touchline.dead AS letter WHERE letter.run_id = %(run_id)s
    ) AS each_match
    GROUP BY match_id
    HAVING NOT bool_or(listed)
)
SELECT m.match_id
FROM touchline.matches AS m
WHERE m.source = %(source)s AND m.match_id = ANY(ARRAY(SELECT match_id FROM missing))
  AND m.part = %(part)s AND m.withdrawn_at IS NULL AND m.observed_at < %(since)s
ORDER BY m.match_id
FOR UPDATE
