-- League tables, one after another; without a season the latest that the league has.
WITH ranked AS (
    SELECT *, max(season) OVER (PARTITION BY source, league) AS latest_season
      FROM standings
)
SELECT source, season, league, division, age_group, position, team, team_id, played, won, drawn, lost,
       goals_for, goals_against, goal_difference, points, points_per_match
  FROM ranked
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (SELECT lower(unnest(%(leagues)s::text[]))))
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (SELECT lower(unnest(%(age_groups)s::text[]))))
   AND (%(divisions)s::text[] IS NULL OR lower(division) = ANY (SELECT lower(unnest(%(divisions)s::text[]))))
   AND season = coalesce(%(season)s::text, latest_season)
 ORDER BY source, season DESC, league, substring(age_group FROM '[0-9]+')::int, division, position, lower(team);
