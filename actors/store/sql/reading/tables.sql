-- Which league tables exist, for whoever asked for one that does not: those that are published, and those of divisions
-- that are played in. Said by the tables, since the view would count every one of them first.
SELECT source, season, league, age_group, division, substring(age_group FROM '[0-9]+')::int AS age
  FROM (SELECT source, season, league, age_group, division
          FROM touchline.official_tables
         UNION
        SELECT source, season, coalesce(league, ''), age_group, division
          FROM touchline.matches
         WHERE division IS NOT NULL AND withdrawn_at IS NULL) AS existing
 ORDER BY source, season DESC, league, age, division;
