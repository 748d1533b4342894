-- The rows of the tables that changed. A team that a table lists twice is kept once, where it stands first.
INSERT INTO touchline.official_rows (source, season, league, division, age_group, team_key, team, "position", "values")
SELECT %(source)s, %(season)s, %(league)s, i.division, i.age_group, i.team_key, i.team, i.place, i.kept
FROM jsonb_to_recordset(%(rows)s) AS i (
    division text, age_group text, team_key text, team text, place integer, kept jsonb)
ORDER BY i.division, i.age_group, i.place
ON CONFLICT DO NOTHING
