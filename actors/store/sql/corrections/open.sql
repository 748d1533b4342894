-- The open corrections of a match that is locked.
SELECT correction_id, field, value, site_value
FROM touchline.corrections
WHERE source = %(source)s AND match_id = %(match_id)s AND ended_at IS NULL
ORDER BY field
