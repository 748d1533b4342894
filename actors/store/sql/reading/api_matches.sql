-- Matches by key, so that one that is moved to another day while somebody pages is neither missed nor seen twice.
WITH named AS MATERIALIZED (
    SELECT t.source, t.team_key
      FROM unnest(%(teams)s::text[]) AS wanted
      JOIN touchline.team_labels AS t ON position(lower(wanted) IN lower(t.name)) > 0 OR t.team_key = wanted
)
SELECT listed.*
  FROM public.match_list AS listed
 WHERE (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(match)s::text IS NULL OR match_id = %(match)s)
   AND (%(after_source)s::text IS NULL OR (source, match_id) > (%(after_source)s, %(after_match)s))
   AND (%(leagues)s::text[] IS NULL OR lower(league) = ANY (lower(%(leagues)s::text[]::text)::text[]))
   AND (%(season)s::text IS NULL OR season = %(season)s)
   AND (%(age_groups)s::text[] IS NULL OR lower(age_group) = ANY (lower(%(age_groups)s::text[]::text)::text[]))
   AND (%(divisions)s::text[] IS NULL OR division = ANY (ARRAY(
            SELECT d.division FROM touchline.division_labels AS d
             WHERE lower(d.division) = ANY (lower(%(divisions)s::text[]::text)::text[]))))
   AND (%(teams)s::text[] IS NULL OR home_team_id = ANY (ARRAY(SELECT team_key FROM named))
                                  OR away_team_id = ANY (ARRAY(SELECT team_key FROM named)))
   AND (%(teams)s::text[] IS NULL OR (source, home_team_id) IN (SELECT source, team_key FROM named)
                                  OR (source, away_team_id) IN (SELECT source, team_key FROM named))
   AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s::text[]))
   AND (%(date_from)s::date IS NULL OR date >= %(date_from)s)
   AND (%(date_to)s::date IS NULL OR date <= %(date_to)s)
   AND (%(withdrawn)s::boolean IS NULL OR (withdrawn_at IS NOT NULL) = %(withdrawn)s)
   AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
 ORDER BY source, match_id
 LIMIT %(limit)s::bigint;
