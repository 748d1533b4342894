-- Every stored match as text, in the order of the model's columns.
SELECT match_id, to_char(observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       season, league, match_type, division, age_group, date::text,
       to_char(kickoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), timezone, home_team_key, away_team_key,
       home_score::text, away_score::text, home_penalties::text, away_penalties::text, status, location, round, notes, url
FROM touchline.matches
