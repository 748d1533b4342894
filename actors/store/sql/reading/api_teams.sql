-- Each team once a source, season and league, by key, under its latest name, with where it plays and how many matches it
-- has: team after team by index, so that a page costs what its teams have played (teams.sql counts every match first).
SELECT team.source, played.season, played.league, played.age_group, played.divisions, team.name AS team,
       team.team_key AS team_id, played.matches
  FROM touchline.team_labels AS team
 CROSS JOIN LATERAL (
           SELECT season, league, mode() WITHIN GROUP (ORDER BY age_group) AS age_group,
                  coalesce(array_agg(DISTINCT division) FILTER (WHERE division IS NOT NULL), '{}') AS divisions,
                  count(*) AS matches
             FROM (SELECT season, league, age_group, division
                     FROM public.match_list AS home
                    WHERE home.source = team.source AND home.home_team_id = team.team_key
                    UNION ALL
                   SELECT season, league, age_group, division
                     FROM public.match_list AS away
                    WHERE away.source = team.source AND away.away_team_id = team.team_key) AS side
            WHERE (%(season)s::text IS NULL OR season = %(season)s)
              AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
            GROUP BY season, league) AS played
 WHERE (%(source)s::text IS NULL OR team.source = %(source)s)
   AND (%(after_source)s::text IS NULL
        OR ((team.source, team.team_key) >= (%(after_source)s, %(after_team)s::text)
            AND (team.source, team.team_key, played.season, coalesce(played.league, ''))
                > (%(after_source)s, %(after_team)s::text, %(after_season)s::text, %(after_league)s::text)))
   AND (%(teams)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(%(teams)s::text[]) AS wanted
             WHERE position(lower(wanted) IN lower(team.name)) > 0 OR wanted = team.team_key))
   AND (%(age_groups)s::text[] IS NULL
        OR lower(played.age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(played.divisions) AS division
             WHERE lower(division) = ANY (lower(%(divisions)s::text[]::text)::text[])))
 ORDER BY team.source, team.team_key, played.season, coalesce(played.league, '')
 LIMIT %(limit)s::bigint;
