-- Writes down what a person says of a match that is locked, and what its site says and since when.
INSERT INTO touchline.corrections (source, match_id, field, value, site_value, site_since, why, by_whom)
SELECT m.source, m.match_id, i.field, i.value, i.site_value,
       coalesce(
           -- of a field that was corrected before, what the site said under it counts
           (SELECT c.site_since FROM touchline.corrections AS c
            WHERE c.source = m.source AND c.match_id = m.match_id AND c.field = i.field
              AND c.site_value IS NOT DISTINCT FROM i.site_value AND c.ended_how IS DISTINCT FROM 'site_agrees'
              AND NOT EXISTS (
                  SELECT FROM touchline.changes AS later
                  WHERE later.source = m.source AND later.match_id = m.match_id AND later.field = i.field
                    AND later.changed_at > c.ended_at AND later.run_id IS NOT NULL)
            ORDER BY c.correction_id DESC LIMIT 1),
           (SELECT c.changed_at FROM touchline.changes AS c
            WHERE c.source = m.source AND c.match_id = m.match_id AND c.field = i.field
            ORDER BY c.change_id DESC LIMIT 1),
           m.first_seen_at),
       %(why)s, %(by)s
FROM touchline.matches AS m
CROSS JOIN jsonb_to_recordset(%(corrections)s) AS i (field text, value text, site_value text)
WHERE m.source = %(source)s AND m.match_id = %(match_id)s
ORDER BY i.field
