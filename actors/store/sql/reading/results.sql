-- Results of these matches, the newest first: what a team's form is made of.
SELECT match_id, date, kickoff, home_team, away_team, home_team_id, away_team_id,
       home_score, away_score, home_penalties, away_penalties
  FROM public.match_list
 WHERE source = %(source)s AND match_id = ANY (%(match_ids)s::text[]) AND home_score IS NOT NULL
 ORDER BY date DESC NULLS LAST, kickoff DESC NULLS LAST, match_id DESC;
