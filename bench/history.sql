-- A dozen seasons of many leagues, one after the other, made up by the database: so many matches, 80 to a division of twelve
-- teams that stays for all seasons, each with five changes in the days before it is played, or since August where it is yet
-- to be played; the last season is played as far as 1 November 2026. And a run every four hours.
WITH base AS (
    SELECT n, made.*, 'U' || 13 + (made.d / 3) %% 6 AS age_group, 'Division ' || made.d / 18 AS division,
           (ARRAY['homegrown', 'flex', 'academy'])[1 + made.d %% 3] AS league,
           made.year || '-' || lpad(((made.year + 1) %% 100)::text, 2, '0') AS season,
           make_timestamptz(made.year, 9, 1, 15, 0, 0, 'UTC') + make_interval(days => n * 7 %% 270) AS day
    FROM generate_series(1, %(matches)s::int) AS n
    CROSS JOIN LATERAL (SELECT greatest(%(matches)s::int / 80 / 12, 1) AS season) AS per
    -- d: the division, i: the match within its season
    CROSS JOIN LATERAL (SELECT (n - 1) / 80 %% per.season AS d, (n - 1) %% 80 AS i,
                               least(2015 + (n - 1) / 80 / per.season, 2026) AS year) AS made
), divisions AS (
    SELECT DISTINCT d, age_group FROM base
), clubs AS (
    INSERT INTO touchline.clubs (source, club_id, name)
    SELECT 'history', c::text, 'Club ' || c
    FROM (SELECT DISTINCT d * 12 / 72 + j AS c FROM divisions, generate_series(0, 11) AS j) AS named
), teams AS (
    INSERT INTO touchline.teams (source, team_key, name, club_id, age_group)
    SELECT 'history', 'T' || d * 12 + j, 'Club ' || d * 12 / 72 + j || ' ' || age_group, (d * 12 / 72 + j)::text, age_group
    FROM divisions, generate_series(0, 11) AS j
), matches AS (
    INSERT INTO touchline.matches (
        source, match_id, observed_at, part, season, league, match_type, division, age_group, date, kickoff, timezone,
        home_team_key, away_team_key, home_score, away_score, status, location, changed_at)
    SELECT 'history', n::text, day, league || ' ' || season, season, league, CASE league WHEN 'flex' THEN 'Flex' ELSE 'League' END,
           division, age_group, day::date, day,
           'America/New_York', 'T' || d * 12 + i %% 12, 'T' || d * 12 + (i + 1 + i / 12) %% 12,
           CASE WHEN day < '2026-11-01' THEN n %% 5 END, CASE WHEN day < '2026-11-01' THEN n %% 3 END,
           CASE WHEN day < '2026-11-01' THEN 'completed' ELSE 'scheduled' END, 'Field ' || n %% 900,
           CASE WHEN day < '2026-11-01' THEN day ELSE '2026-08-01'::timestamptz + make_interval(hours => n %% 2200) END
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
       CASE WHEN day < '2026-11-01' THEN day - make_interval(days => 5 - c)
            ELSE '2026-08-01'::timestamptz + make_interval(hours => (n * 7 + c * 443) %% 2200) END,
       ('00000000-0000-4000-8000-' || lpad((1 + n %% 2000)::text, 12, '0'))::uuid
FROM base, generate_series(1, 5) AS c
