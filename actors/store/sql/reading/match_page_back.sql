-- As match_page.sql, before a key and the other way round: the nearest come first.
WITH named AS MATERIALIZED (
    SELECT t.source, t.team_key
      FROM touchline.team_labels AS t
     WHERE (%(team_id)s::text IS NULL OR t.team_key = %(team_id)s)
       AND (%(team)s::text IS NULL OR position(lower(%(team)s) IN lower(t.name)) > 0)
)
SELECT source, match_id, season, league, match_type, division, age_group, date, kickoff, timezone,
       home_team, away_team, home_team_id, away_team_id, home_score, away_score, home_penalties, away_penalties,
       status, location, withdrawn_at, corrected
  FROM public.match_list
 WHERE (%(undated)s::boolean IS NOT TRUE OR date IS NULL)
   AND (%(undated)s::boolean IS TRUE OR date <= %(day)s::date)
   -- what comes first alone lets an index find the page
   AND (coalesce(date, 'infinity'), coalesce(kickoff, 'infinity'), source, match_id)
       < (%(day)s::date, %(kickoff)s::timestamptz, %(at_source)s::text, %(at_match)s::text)
   AND (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(league)s::text IS NULL OR lower(league) = lower(%(league)s))
   AND (%(season)s::text IS NULL OR season = %(season)s)
   AND (%(age_group)s::text IS NULL OR lower(age_group) = lower(%(age_group)s))
   AND (%(division)s::text IS NULL OR division = ANY (ARRAY(
            SELECT d.division FROM touchline.division_labels AS d
             WHERE position(lower(%(division)s) IN lower(d.division)) > 0)))
   AND (num_nonnulls(%(team)s::text, %(team_id)s::text) = 0
        OR home_team_id = ANY (ARRAY(SELECT team_key FROM named))
        OR away_team_id = ANY (ARRAY(SELECT team_key FROM named)))
   -- a key may be another team's at another source
   AND (num_nonnulls(%(team)s::text, %(team_id)s::text) = 0
        OR (source, home_team_id) IN (SELECT source, team_key FROM named)
        OR (source, away_team_id) IN (SELECT source, team_key FROM named))
   AND (%(status)s::text IS NULL OR status = %(status)s)
   AND (%(withdrawn)s::boolean IS NULL OR (withdrawn_at IS NOT NULL) = %(withdrawn)s)
   AND (%(corrected)s::boolean IS NOT TRUE OR (source, match_id) IN (
            SELECT source, match_id FROM touchline.match_corrections WHERE ended_at IS NULL))
   AND (%(date_from)s::date IS NULL OR date >= %(date_from)s)
   AND (%(date_to)s::date IS NULL OR date <= %(date_to)s)
 -- of few matches the index of days would be read to its end
 ORDER BY CASE WHEN num_nonnulls(%(team)s::text, %(team_id)s::text, %(division)s::text) = 0 THEN date ELSE date - 0 END DESC,
          coalesce(kickoff, 'infinity') DESC, source DESC, match_id DESC
 LIMIT %(limit)s::bigint;
