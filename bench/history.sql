-- A dozen seasons of many leagues, made up by the database: so many matches, 80 to a division of twelve teams that stays
-- for all seasons, each with five changes; the last season is played as far as 1 November 2026. And 2,000 runs a season.
WITH base AS (
    SELECT n, made.*, 'U' || 13 + (made.d / 3) %% 6 AS age_group, 'Division ' || made.d / 18 AS division,
           (ARRAY['homegrown', 'flex', 'academy'])[1 + made.d %% 3] AS league,
           made.year || '-' || lpad(((made.year + 1) %% 100)::text, 2, '0') AS season,
           make_timestamptz(made.year, 9, 1, 15, 0, 0, 'UTC') + make_interval(days => n * 7 %% 270) AS day
    FROM generate_series(1, %(matches)s::int) AS n
    -- d: the division, i: the match within its season
    CROSS JOIN LATERAL (SELECT (n - 1) / 80 / 12 AS d, (n - 1) %% 80 AS i, 2015 + (n - 1) / 80 %% 12 AS year) AS made
), divisions AS (
    SELECT DISTINCT d, age_group FROM base
), clubs AS (
    INSERT INTO touchline.clubs (source, club_id, name)
    SELECT 'history', c::text, 'Club ' || c
    FROM (SELECT DISTINCT d * 12 / 72 + j AS c FROM divisions, generate_series(0, 11) AS j) AS named
), teams AS (
    INSERT INTO touchline.teams (source, team_key, name, club_id, age_group)
    SELECT 'history', (d * 12 + j)::text, 'Club ' || d * 12 / 72 + j || ' ' || age_group, (d * 12 / 72 + j)::text, age_group
    FROM divisions, generate_series(0, 11) AS j
), matches AS (
    INSERT INTO touchline.matches (
        source, match_id, observed_at, part, season, league, match_type, division, age_group, date, kickoff, timezone,
        home_team_key, away_team_key, home_score, away_score, status, location, changed_at)
    SELECT 'history', n::text, day, league || ' ' || season, season, league, 'League', division, age_group, day::date, day,
           'America/New_York', (d * 12 + i %% 12)::text, (d * 12 + (i + 1 + i / 12) %% 12)::text,
           CASE WHEN day < '2026-11-01' THEN n %% 5 END, CASE WHEN day < '2026-11-01' THEN n %% 3 END,
           CASE WHEN day < '2026-11-01' THEN 'completed' ELSE 'scheduled' END, 'Field ' || n %% 900,
           least(day, '2026-11-01')
    FROM base
), runs AS (
    INSERT INTO touchline.run_accounts (run_id, source, params, trigger, started_at, finished_at, state, parts, unchanged)
    SELECT ('00000000-0000-4000-8000-' || lpad(r::text, 12, '0'))::uuid, 'history', '{}', 'schedule', at,
           at + interval '20 s', 'succeeded', '{one}', 8000
    FROM generate_series(1, greatest(%(matches)s::int / 80000, 1) * 2000) AS r
    CROSS JOIN LATERAL (SELECT '2026-11-01'::timestamptz - make_interval(hours => 4 * r) AS at) AS begun
), parts AS (
    INSERT INTO touchline.run_parts (run_id, part, failed, found, batches, complete, observed_at, ended_at)
    SELECT ('00000000-0000-4000-8000-' || lpad(r::text, 12, '0'))::uuid, 'one', false, 8000, 40, true,
           '2026-11-01'::timestamptz - make_interval(hours => 4 * r), '2026-11-01'::timestamptz - make_interval(hours => 4 * r)
    FROM generate_series(1, greatest(%(matches)s::int / 80000, 1) * 2000) AS r
)
INSERT INTO touchline.changes (source, match_id, field, old, new, changed_at, run_id)
SELECT 'history', n::text, (ARRAY['kickoff', 'location', 'status', 'home_score', 'away_score'])[c], 'old', 'new',
       least(day, '2026-11-01') - make_interval(days => 5 - c),
       ('00000000-0000-4000-8000-' || lpad((1 + n %% 2000)::text, 12, '0'))::uuid
FROM base, generate_series(1, 5) AS c
