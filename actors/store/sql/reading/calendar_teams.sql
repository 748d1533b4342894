-- The teams that somebody may mean, by id or by a part of the name, and where each plays; the nearest first: the id
-- itself (0), the whole name (1), a part of it (2). Of teams without a match there is no calendar.
WITH named AS MATERIALIZED (
    SELECT source, team_id, team,
           CASE WHEN team_id = %(team)s THEN 0 WHEN lower(team) = lower(%(team)s) THEN 1 ELSE 2 END AS nearness
      FROM touchline.calendar_teams
     WHERE (team_id = %(team)s OR position(lower(%(team)s) IN lower(team)) > 0)
       AND (%(source)s::text IS NULL OR source = %(source)s)
), meant AS MATERIALIZED (
    -- whoever gives an id means that team, whatever stands in the names of others
    SELECT * FROM named WHERE nearness = 0 OR NOT EXISTS (SELECT FROM named AS exact WHERE exact.nearness = 0)
     ORDER BY nearness, lower(team), source, team_id
     -- each costs up to a millisecond; who gave one letter, and means one of thousands, has to say more anyway
     LIMIT 1000
)
SELECT meant.source, meant.team_id, meant.team, meant.nearness, played.*
  FROM meant
 CROSS JOIN LATERAL (
    SELECT max(m.season) AS season,
           -- a team plays older ones, too; and squads grow older
           mode() WITHIN GROUP (ORDER BY m.age_group) FILTER (WHERE m.season = m.latest) AS age_group,
           string_agg(DISTINCT m.league, ', ') AS league,
           string_agg(DISTINCT m.division, ', ') AS division,
           count(*) AS matches
      FROM (SELECT season, league, division, age_group, max(season) OVER () AS latest
              FROM public.match_list
             WHERE source = meant.source
               AND (home_team_id = meant.team_id OR away_team_id = meant.team_id)
               AND (%(season)s::text IS NULL OR season = %(season)s)
               AND (%(leagues)s::text[] IS NULL
                    OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))) AS m
 ) AS played
 WHERE played.matches > 0
   AND (%(age_groups)s::text[] IS NULL OR lower(played.age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
 ORDER BY meant.nearness, lower(meant.team), meant.source, meant.team_id
 LIMIT %(limit)s::bigint;
