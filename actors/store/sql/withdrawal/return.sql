-- Matches that were withdrawn by a run that is no good after all are as they were before it.
WITH returned AS (
    UPDATE touchline.matches AS m SET withdrawn_at = NULL, changed_at = now()
    WHERE m.source = %(source)s AND m.part = %(part)s AND m.match_id = ANY(%(match_ids)s) AND m.withdrawn_at = %(as_of)s
    RETURNING m.source, m.match_id
)
INSERT INTO touchline.changes (source, match_id, field, old, new, run_id)
SELECT source, match_id, 'withdrawn_at',
       to_char(%(as_of)s::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), NULL, %(run_id)s
FROM returned
ORDER BY match_id
