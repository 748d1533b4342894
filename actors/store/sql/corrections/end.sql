-- A person ends corrections: takes them back, or says something else of the field.
UPDATE touchline.corrections
SET ended_at = now(), ended_how = %(how)s, ended_by = %(by)s, ended_why = %(why)s, rests_since = NULL
WHERE correction_id = ANY(%(correction_ids)s) AND ended_at IS NULL
