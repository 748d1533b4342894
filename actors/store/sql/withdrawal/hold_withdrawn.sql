-- The matches of a part that a run withdrew, and nobody listed or withdrew since, locked in key order as a batch would.
SELECT m.match_id
FROM touchline.matches AS m
WHERE m.source = %(source)s AND m.part = %(part)s AND m.withdrawn_at = %(as_of)s
  AND EXISTS (
      SELECT FROM touchline.changes AS c
      WHERE c.source = m.source AND c.match_id = m.match_id AND c.field = 'withdrawn_at' AND c.run_id = %(run_id)s
        AND c.new = to_char(m.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
ORDER BY m.match_id
FOR UPDATE
