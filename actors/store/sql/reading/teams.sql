-- Each team once a season and league, under its latest name, with where it plays and how many matches it has.
-- A team that plays in two divisions names both; matches without a division (SOURCES 1.3) add none.
WITH side AS (
    SELECT source, season, league, age_group, division, observed_at,
           home_team_id AS team_id, home_team AS team
      FROM public.match_list
     UNION ALL
    SELECT source, season, league, age_group, division, observed_at, away_team_id, away_team
      FROM public.match_list
), team AS (
    SELECT source, season, league,
           mode() WITHIN GROUP (ORDER BY age_group) AS age_group,
           array_agg(DISTINCT division) FILTER (WHERE division IS NOT NULL) AS divisions,
           (array_agg(team ORDER BY observed_at DESC, team))[1] AS team,
           team_id,
           count(*) AS matches
      FROM side
     GROUP BY source, season, league, team_id
)
SELECT source, season, league, age_group, array_to_string(divisions, ', ') AS division, team, team_id, matches
  FROM team
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
   AND (%(season)s::text IS NULL OR season = %(season)s)
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(divisions) AS division
             WHERE lower(division) = ANY (lower(%(divisions)s::text[]::text)::text[])))
   AND (%(teams)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(%(teams)s::text[]) AS wanted
             WHERE position(lower(wanted) IN lower(team)) > 0 OR wanted = team_id))
 ORDER BY season DESC, league, substring(age_group FROM '[0-9]+')::int, division, lower(team), source, team_id
 LIMIT %(limit)s::bigint;
