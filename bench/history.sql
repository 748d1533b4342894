-- A dozen seasons of every league, made up by the database: so many matches, 40 to a team, each with five changes.
WITH sizes AS (SELECT %(matches)s::int AS matches, greatest(%(matches)s::int / 20, 2) AS teams),
clubs AS (
    INSERT INTO touchline.clubs (source, club_id, name)
    SELECT 'history', n::text, 'Club ' || n FROM sizes, generate_series(1, sizes.teams / 6 + 1) AS n
), teams AS (
    INSERT INTO touchline.teams (source, team_key, name, club_id, age_group)
    SELECT 'history', n::text, 'Club ' || n / 6 || ' U' || 13 + n %% 6, (n / 6 + 1)::text, 'U' || 13 + n %% 6
    FROM sizes, generate_series(1, sizes.teams) AS n
), matches AS (
    INSERT INTO touchline.matches (
        source, match_id, observed_at, part, season, league, match_type, division, age_group, date, kickoff, timezone,
        home_team_key, away_team_key, home_score, away_score, status, location)
    SELECT 'history', n::text, made.day, 'part ' || n %% 36, made.year || '-' || lpad(((made.year + 1) %% 100)::text, 2, '0'),
           (ARRAY['homegrown', 'flex', 'academy'])[1 + n %% 3], 'League', 'Division ' || n %% 40, 'U' || 13 + n %% 6,
           made.day::date, made.day, 'America/New_York', (1 + n %% sizes.teams)::text,
           (1 + (n + 6 * (1 + n %% 20)) %% sizes.teams)::text, n %% 5, n %% 3, 'completed', 'Field ' || n %% 900
    FROM sizes, generate_series(1, sizes.matches) AS n
    CROSS JOIN LATERAL (SELECT 2014 + n %% 12 AS year) AS y
    CROSS JOIN LATERAL (
        SELECT y.year, make_timestamptz(y.year, 9, 1, 15, 0, 0, 'UTC') + make_interval(days => n %% 270) AS day) AS made
)
INSERT INTO touchline.changes (source, match_id, field, old, new, changed_at, run_id)
SELECT 'history', n::text, (ARRAY['kickoff', 'location', 'status', 'home_score', 'away_score'])[c], 'old', 'new',
       make_timestamptz(2014 + n %% 12, 9, 1, 15, 0, 0, 'UTC') + make_interval(days => n %% 270), gen_random_uuid()
FROM sizes, generate_series(1, sizes.matches) AS n, generate_series(1, 5) AS c
