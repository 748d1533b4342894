-- The sources whose tables were held against the official ones: when, how many, and which disagree since when.
SELECT held.source, held.compared_at, held.tables,
       trouble.season, trouble.league, trouble.age_group, trouble.division, trouble.sentence, trouble.since
  FROM touchline.last_comparisons AS held
  LEFT JOIN touchline.disagreements AS trouble ON trouble.source = held.source
 ORDER BY held.source, trouble.since, trouble.season, trouble.league, trouble.age_group, trouble.division;
