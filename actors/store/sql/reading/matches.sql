-- Matches as they stand now, in the order in which they are played.
SELECT source, match_id, season, league, match_type, division, age_group, date, kickoff, timezone,
       home_team, away_team, home_team_id, away_team_id, home_score, away_score, home_penalties, away_penalties,
       status, location, observed_at, first_seen_at, changed_at, withdrawn_at
  FROM public.match_list
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
   AND (%(season)s::text IS NULL OR season = %(season)s)
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR lower(division) = ANY (lower(%(divisions)s::text[]::text)::text[]))
   AND (%(teams)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(%(teams)s::text[]) AS wanted
             WHERE position(lower(wanted) IN lower(home_team)) > 0
                OR position(lower(wanted) IN lower(away_team)) > 0
                OR wanted IN (home_team_id, away_team_id)))
   AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
   AND (%(date_from)s::date IS NULL OR date >= %(date_from)s)
   AND (%(date_to)s::date IS NULL OR date <= %(date_to)s)
   AND (%(withdrawn)s::boolean IS NULL OR (withdrawn_at IS NOT NULL) = %(withdrawn)s)
   AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
 ORDER BY date, kickoff NULLS LAST, league, age_group, division, home_team, source, match_id
 LIMIT %(limit)s::bigint;
