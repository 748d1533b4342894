-- Matches as they stand now, in the order in which they are played. What may be written in other letters is looked up
-- among the teams and divisions that there are, so that the matches are found by an index.
WITH named AS MATERIALIZED (
    SELECT t.source, t.team_key
      FROM unnest(%(teams)s::text[]) AS wanted
      JOIN touchline.team_labels AS t ON position(lower(wanted) IN lower(t.name)) > 0 OR t.team_key = wanted
)
SELECT source, match_id, season, league, match_type, division, age_group, date, kickoff, timezone,
       home_team, away_team, home_team_id, away_team_id, home_score, away_score, home_penalties, away_penalties,
       status, location, observed_at, first_seen_at, changed_at, withdrawn_at, corrected
  FROM public.match_list
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
   AND (%(season)s::text IS NULL OR season = %(season)s)
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR division = ANY (ARRAY(
            SELECT d.division FROM touchline.division_labels AS d
             WHERE lower(d.division) = ANY (lower(%(divisions)s::text[]::text)::text[]))))
   AND (%(teams)s::text[] IS NULL OR home_team_id = ANY (ARRAY(SELECT team_key FROM named))
                                  OR away_team_id = ANY (ARRAY(SELECT team_key FROM named)))
   -- a key may be another team's at another source
   AND (%(teams)s::text[] IS NULL OR (source, home_team_id) IN (SELECT source, team_key FROM named)
                                  OR (source, away_team_id) IN (SELECT source, team_key FROM named))
   AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
   AND (%(date_from)s::date IS NULL OR date >= %(date_from)s)
   AND (%(date_to)s::date IS NULL OR date <= %(date_to)s)
   AND (%(withdrawn)s::boolean IS NULL OR (withdrawn_at IS NOT NULL) = %(withdrawn)s)
   AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
 -- the index gives the first days of all at once; of what is asked for in any other way they would be the wrong end of it
 ORDER BY CASE WHEN num_nonnulls(%(leagues)s::text[], %(season)s::text, %(age_groups)s::text[], %(divisions)s::text[],
                                 %(teams)s::text[], %(statuses)s::text[], %(withdrawn)s::boolean,
                                 %(since)s::timestamptz) = 0
               THEN date ELSE date - 0 END,
          kickoff NULLS LAST, league, age_group, division, home_team, source, match_id
 LIMIT %(limit)s::bigint;
