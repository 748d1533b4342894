-- Locks the match, as a batch does that changes it, and says what is shown of it.
SELECT m.match_id, m.season, m.age_group, m.match_type, m.timezone, home.name AS home_team, away.name AS away_team,
       m.home_score, m.away_score, m.home_penalties, m.away_penalties, m.status, m.date::text AS date,
       to_char(m.kickoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS kickoff, m.location, m.notes, m.division
FROM touchline.matches AS m
JOIN touchline.teams AS home ON home.source = m.source AND home.team_key = m.home_team_key
JOIN touchline.teams AS away ON away.source = m.source AND away.team_key = m.away_team_key
WHERE m.source = %(source)s AND m.match_id = %(match_id)s
FOR UPDATE OF m
