-- Each team once a source, season and league, by key, under its latest name (see teams.sql).
WITH side AS (
    SELECT source, season, league, age_group, division, observed_at, home_team_id AS team_id, home_team AS team
      FROM public.match_list
     WHERE (%(source)s::text IS NULL OR source = %(source)s)
       AND (%(season)s::text IS NULL OR season = %(season)s)
     UNION ALL
    SELECT source, season, league, age_group, division, observed_at, away_team_id, away_team
      FROM public.match_list
     WHERE (%(source)s::text IS NULL OR source = %(source)s)
       AND (%(season)s::text IS NULL OR season = %(season)s)
), team AS (
    SELECT source, season, coalesce(league, '') AS league_key, league, team_id,
           mode() WITHIN GROUP (ORDER BY age_group) AS age_group,
           coalesce(array_agg(DISTINCT division) FILTER (WHERE division IS NOT NULL), '{}') AS divisions,
           (array_agg(team ORDER BY observed_at DESC, team))[1] AS team,
           count(*) AS matches
      FROM side
     GROUP BY source, season, league, team_id
)
SELECT source, season, league, age_group, divisions, team, team_id, matches
  FROM team
 WHERE (%(after_source)s::text IS NULL OR (source, season, league_key, team_id)
            > (%(after_source)s, %(after_season)s::text, %(after_league)s::text, %(after_team)s::text))
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(divisions) AS division
             WHERE lower(division) = ANY (lower(%(divisions)s::text[]::text)::text[])))
   AND (%(teams)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(%(teams)s::text[]) AS wanted
             WHERE position(lower(wanted) IN lower(team)) > 0 OR wanted = team_id))
 ORDER BY source, season, league_key, team_id
 LIMIT %(limit)s::bigint;
