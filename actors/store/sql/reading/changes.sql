-- What changed in stored matches, newest first: one row a field, with the match as it stands now.
SELECT change.changed_at, change.source, change.match_id, match.season, match.league, match.age_group,
       match.division, match.date, match.home_team, match.away_team, change.field, change.old, change.new,
       change.run_id
  FROM public.match_changes AS change
  LEFT JOIN public.match_list AS match ON match.source = change.source AND match.match_id = change.match_id
 WHERE (%(source)s::text IS NULL OR change.source = %(source)s)
   AND (%(since)s::timestamptz IS NULL OR change.changed_at >= %(since)s)
   AND (%(teams)s::text[] IS NULL OR EXISTS (
            SELECT FROM unnest(%(teams)s::text[]) AS wanted
             WHERE position(lower(wanted) IN lower(match.home_team)) > 0
                OR position(lower(wanted) IN lower(match.away_team)) > 0
                OR wanted IN (match.home_team_id, match.away_team_id)))
   AND (%(match)s::text IS NULL OR change.match_id = %(match)s)
   AND (%(fields)s::text[] IS NULL OR lower(change.field) = ANY (lower(%(fields)s::text[]::text)::text[]))
   AND (%(run)s::text IS NULL OR starts_with(change.run_id::text, lower(%(run)s)))
 ORDER BY change.changed_at DESC, match.date, match.home_team, change.source, change.match_id, change.field
 LIMIT %(limit)s::bigint;
