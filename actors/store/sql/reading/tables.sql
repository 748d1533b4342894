-- Which league tables there are: those that are published, and those of divisions that are played in. Without a season
-- those of the latest that each league has matches of. Said by small tables, since the view would count every one first.
WITH played AS NOT MATERIALIZED (
    SELECT * FROM touchline.played_divisions
), latest AS MATERIALIZED (
    SELECT each_league.source, each_league.league, newest.season
      FROM (SELECT DISTINCT source, league FROM touchline.division_labels) AS each_league
     CROSS JOIN LATERAL (
               SELECT season FROM played
                WHERE played.source = each_league.source AND played.league = each_league.league
                ORDER BY season DESC
                LIMIT 1) AS newest
), published AS (
    SELECT source, season, league, age_group, division
      FROM touchline.published_tables
     WHERE (%(latest)s::boolean IS NOT TRUE OR (source, league, season) IN (SELECT source, league, season FROM latest))
), counted AS (
    SELECT source, season, league, age_group, division
      FROM played
     WHERE (%(latest)s::boolean IS NOT TRUE OR (source, league, season) IN (SELECT source, league, season FROM latest))
)
SELECT source, season, league, age_group, division, substring(age_group FROM '[0-9]+')::int AS age
  FROM (SELECT * FROM published UNION SELECT * FROM counted) AS existing
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR lower(division) = ANY (lower(%(divisions)s::text[]::text)::text[]))
   AND (%(season)s::text IS NULL OR season = %(season)s)
 ORDER BY source, season DESC, league, age, division;
