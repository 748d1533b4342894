-- The official tables as they were published: those that the five lists name.
SELECT source, season, league, division, age_group, observed_at, team_id, team, "position", "values"
  FROM touchline.published_rows
 WHERE (source, season, league, division, age_group) IN (
           SELECT * FROM unnest(%(sources)s::text[], %(seasons)s::text[], %(leagues)s::text[], %(divisions)s::text[],
                                %(age_groups)s::text[]))
 ORDER BY source, season, league, division, age_group, "position", team;
