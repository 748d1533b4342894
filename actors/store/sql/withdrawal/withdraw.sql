-- Matches that are no longer listed. Their values stay as they were last observed; the history says by which run.
WITH gone AS (
    UPDATE touchline.matches AS m SET withdrawn_at = %(as_of)s, changed_at = now()
    WHERE m.source = %(source)s AND m.part = %(part)s AND m.match_id = ANY(%(match_ids)s) AND m.withdrawn_at IS NULL
    RETURNING m.source, m.match_id, m.withdrawn_at
)
INSERT INTO touchline.changes (source, match_id, field, old, new, run_id)
SELECT source, match_id, 'withdrawn_at', NULL,
       to_char(withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), %(run_id)s
FROM gone
ORDER BY match_id
