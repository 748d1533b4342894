-- Stores new clubs; takes over changed labels, unless the message is late. In key order, so that two cannot deadlock.
-- OFFSET 0 keeps the look-up by key: a join would sort all that the source has for the few of a batch.
INSERT INTO touchline.clubs AS c (source, club_id, name, logo_url)
SELECT %(source)s, i.club_id, i.name, i.logo_url
FROM jsonb_to_recordset(%(clubs)s) AS i (club_id text, name text, logo_url text)
WHERE NOT EXISTS (
    SELECT FROM touchline.clubs AS known
    WHERE known.source = %(source)s AND known.club_id = i.club_id
      AND (%(late)s OR (known.name = i.name AND known.logo_url IS NOT DISTINCT FROM i.logo_url))
    OFFSET 0)
ORDER BY i.club_id
ON CONFLICT (source, club_id) DO UPDATE
SET name = excluded.name, logo_url = excluded.logo_url, changed_at = now()
WHERE NOT %(late)s AND (c.name, c.logo_url) IS DISTINCT FROM (excluded.name, excluded.logo_url)
