-- The yardstick: the matches of a batch into one plain table, and nothing else. No teams, history, inbox or order.
INSERT INTO bench.bare AS m (
    source, match_id, season, league, match_type, division, age_group, date, kickoff, timezone, home_team, away_team,
    home_team_id, away_team_id, home_score, away_score, home_penalties, away_penalties, status, location, round, notes, url)
SELECT 'bench', r.match_id, r.season, r.league, r.match_type, r.division, r.age_group, r.date, r.kickoff, r.timezone,
       r.home_team, r.away_team, r.home_team_id, r.away_team_id, r.home_score, r.away_score, r.home_penalties,
       r.away_penalties, r.status, r.location, r.round, r.notes, r.url
FROM jsonb_to_recordset(%(matches)s) AS r (
    match_id text, season text, league text, match_type text, division text, age_group text, date date,
    kickoff timestamptz, timezone text, home_team text, away_team text, home_team_id text, away_team_id text,
    home_score smallint, away_score smallint, home_penalties smallint, away_penalties smallint, status text,
    location text, round text, notes text, url text)
ON CONFLICT (source, match_id) DO UPDATE SET
    season = excluded.season, league = excluded.league, match_type = excluded.match_type, division = excluded.division,
    age_group = excluded.age_group, date = excluded.date, kickoff = excluded.kickoff, timezone = excluded.timezone,
    home_team = excluded.home_team, away_team = excluded.away_team, home_team_id = excluded.home_team_id,
    away_team_id = excluded.away_team_id, home_score = excluded.home_score, away_score = excluded.away_score,
    home_penalties = excluded.home_penalties, away_penalties = excluded.away_penalties, status = excluded.status,
    location = excluded.location, round = excluded.round, notes = excluded.notes, url = excluded.url
