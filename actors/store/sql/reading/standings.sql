-- League tables, one after another; without a season the latest that each league has matches of.
-- Conditions on the view have no subqueries but one, so that the server counts only the tables that are asked for.
SELECT source, season, league, division, age_group, position, team, team_id, played, won, drawn, lost,
       goals_for, goals_against, goal_difference, points, points_per_match
  FROM public.standings
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR lower(division) = ANY (lower(%(divisions)s::text[]::text)::text[]))
   AND (%(season)s::text IS NULL OR season = %(season)s)
   AND (%(season)s::text IS NOT NULL OR (source, coalesce(league, ''), season) IN (
            SELECT source, coalesce(league, ''), max(season) FROM public.match_list GROUP BY source, coalesce(league, '')))
 ORDER BY source, season DESC, league, substring(age_group FROM '[0-9]+')::int, division, position, lower(team);
