-- Stores new teams; takes over changed labels, unless the message is late. In key order, so that two cannot deadlock.
-- OFFSET 0 keeps the look-up by key: a join would sort all that the source has for the few of a batch.
INSERT INTO touchline.teams AS t (source, team_key, name, club_id, age_group, first_run_id)
SELECT %(source)s, i.team_key, i.name, i.club_id, i.age_group, %(run_id)s
FROM jsonb_to_recordset(%(teams)s) AS i (team_key text, name text, club_id text, age_group text)
WHERE NOT EXISTS (
    SELECT FROM touchline.teams AS known
    WHERE known.source = %(source)s AND known.team_key = i.team_key
      AND (%(late)s OR (known.name = i.name AND known.club_id IS NOT DISTINCT FROM i.club_id))
    OFFSET 0)
ORDER BY i.team_key
ON CONFLICT (source, team_key) DO UPDATE
SET name = excluded.name, club_id = excluded.club_id, changed_at = now()
WHERE NOT %(late)s AND (t.name, t.club_id) IS DISTINCT FROM (excluded.name, excluded.club_id)
