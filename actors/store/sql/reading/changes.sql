-- What changed in stored matches, newest first: one row a field, with the match as it stands now.
WITH named AS MATERIALIZED (
    SELECT t.source, t.team_key
      FROM unnest(%(teams)s::text[]) AS wanted
      JOIN touchline.team_labels AS t ON position(lower(wanted) IN lower(t.name)) > 0 OR t.team_key = wanted
)
SELECT change.changed_at, change.source, change.match_id, match.season, match.league, match.age_group,
       match.division, match.date, match.home_team, match.away_team, change.field, change.old, change.new,
       change.run_id
  FROM public.match_changes AS change
  LEFT JOIN public.match_list AS match ON match.source = change.source AND match.match_id = change.match_id
 WHERE (%(source)s::text IS NULL OR change.source = %(source)s)
   AND (%(since)s::timestamptz IS NULL OR change.changed_at >= %(since)s)
   AND (%(teams)s::text[] IS NULL OR match.home_team_id = ANY (ARRAY(SELECT team_key FROM named))
                                  OR match.away_team_id = ANY (ARRAY(SELECT team_key FROM named)))
   -- a key may be another team's at another source
   AND (%(teams)s::text[] IS NULL OR (match.source, match.home_team_id) IN (SELECT source, team_key FROM named)
                                  OR (match.source, match.away_team_id) IN (SELECT source, team_key FROM named))
   AND (%(match)s::text IS NULL OR change.match_id = %(match)s)
   AND (%(fields)s::text[] IS NULL OR lower(change.field) = ANY (lower(%(fields)s::text[]::text)::text[]))
   AND (%(run)s::text IS NULL OR starts_with(change.run_id::text, lower(%(run)s)))
 ORDER BY change.changed_at DESC, match.date, match.home_team, change.source, change.match_id, change.field
 LIMIT %(limit)s::bigint;
