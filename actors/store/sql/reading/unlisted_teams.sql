-- Teams that play in the divisions that the five lists name, and that the official tables of these do not list.
SELECT m.source, m.season, m.league, m.division, m.age_group, side.team_id, side.team, count(*) AS matches
  FROM public.match_list AS m
 CROSS JOIN LATERAL (VALUES (m.home_team_id, m.home_team), (m.away_team_id, m.away_team)) AS side (team_id, team)
 WHERE m.season = ANY (%(seasons)s::text[])
   AND m.division = ANY (%(divisions)s::text[])
   AND m.age_group = ANY (%(age_groups)s::text[])
   AND (m.source, m.season, m.league, m.division, m.age_group) IN (
           SELECT * FROM unnest(%(sources)s::text[], %(seasons)s::text[], %(leagues)s::text[], %(divisions)s::text[],
                                %(age_groups)s::text[]))
   AND m.withdrawn_at IS NULL
   AND NOT EXISTS (
           SELECT FROM touchline.published_rows AS p
            WHERE p.source = m.source AND p.season = m.season AND p.league = m.league AND p.division = m.division
              AND p.age_group = m.age_group AND p.team_id = side.team_id)
 GROUP BY m.source, m.season, m.league, m.division, m.age_group, side.team_id, side.team
 ORDER BY m.source, m.season, m.league, m.division, m.age_group, side.team, side.team_id;
