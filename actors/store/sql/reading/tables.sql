-- Which league tables exist, for whoever asked for one that does not.
SELECT DISTINCT source, season, league, age_group, division, substring(age_group FROM '[0-9]+')::int AS age
  FROM standings
 ORDER BY source, season DESC, league, age, division;
