-- Teams that play in the divisions that the five lists name, and that the official tables of these do not list.
SELECT source, season, league, division, age_group, team_id, team, matches
  FROM touchline.unlisted_teams
 WHERE source = ANY (%(sources)s::text[])
   AND season = ANY (%(seasons)s::text[])
   AND league = ANY (%(leagues)s::text[])
   AND division = ANY (%(divisions)s::text[])
   AND age_group = ANY (%(age_groups)s::text[])
   AND (source, season, league, division, age_group) IN (
           SELECT * FROM unnest(%(sources)s::text[], %(seasons)s::text[], %(leagues)s::text[], %(divisions)s::text[],
                                %(age_groups)s::text[]))
 ORDER BY source, season, league, division, age_group, team, team_id;
