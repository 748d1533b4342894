-- Our league tables with what decided them: those that the five lists name, as in standings.sql.
SELECT source, season, league, division, age_group, position, team, team_id, played, won, drawn, lost,
       goals_for, goals_against, goal_difference, points, ranking, worth, head_to_head, match_ids
  FROM touchline.table_rows
 WHERE source = ANY (%(sources)s::text[])
   AND season = ANY (%(seasons)s::text[])
   AND coalesce(league, '') = ANY (%(leagues)s::text[])
   AND division = ANY (%(divisions)s::text[])
   AND age_group = ANY (%(age_groups)s::text[])
   AND (source, season, coalesce(league, ''), division, age_group) IN (
           SELECT * FROM unnest(%(sources)s::text[], %(seasons)s::text[], %(leagues)s::text[], %(divisions)s::text[],
                                %(age_groups)s::text[]))
 ORDER BY source, season DESC, league, substring(age_group FROM '[0-9]+')::int, division, position;
