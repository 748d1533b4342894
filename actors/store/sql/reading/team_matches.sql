-- A team's matches of a season, and the result that one had before its last change, if that is as new as `since` by
-- the site's own time.
SELECT m.match_id, m.date, m.kickoff, m.status, m.home_team, m.away_team, m.home_team_id, m.away_team_id,
       m.home_score, m.away_score, m.home_penalties, m.away_penalties, m.corrected IS NOT NULL AS corrected,
       former.changed AS rescored, former.home AS former_home, former.away AS former_away
  FROM public.match_list AS m
  LEFT JOIN LATERAL (
           SELECT count(*) > 0 AS changed,
                  CASE count(*) FILTER (WHERE c.field = 'home_score') WHEN 0 THEN m.home_score
                       ELSE max(c.old) FILTER (WHERE c.field = 'home_score')::smallint END AS home,
                  CASE count(*) FILTER (WHERE c.field = 'away_score') WHEN 0 THEN m.away_score
                       ELSE max(c.old) FILTER (WHERE c.field = 'away_score')::smallint END AS away
             FROM public.match_changes AS c
            WHERE c.source = m.source AND c.match_id = m.match_id AND c.changed_at = m.changed_at
              -- what a person said is no result that the league has yet to count
              AND c.run_id IS NOT NULL
              AND c.field IN ('home_score', 'away_score')) AS former ON m.observed_at >= %(since)s::timestamptz
 WHERE m.source = %(source)s AND m.season = %(season)s AND coalesce(m.league, '') = %(league)s
   AND (m.home_team_id = %(team)s OR m.away_team_id = %(team)s)
   AND m.withdrawn_at IS NULL
 ORDER BY m.date, m.kickoff, m.match_id;
