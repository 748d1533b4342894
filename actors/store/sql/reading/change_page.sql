-- A page of changes, newest first, each with the match as it stands now: those that come after the last one of the page
-- before, which its key names. What changed in a match at one time stands together.
WITH named AS MATERIALIZED (
    SELECT t.source, t.team_key
      FROM touchline.team_labels AS t
     WHERE position(lower(%(team)s::text) IN lower(t.name)) > 0 OR t.team_key = %(team)s
)
SELECT change.changed_at, change.source, change.match_id, change.field, change.old, change.new, change.run_id,
       match.league, match.age_group, match.division, match.date, match.home_team, match.away_team,
       match.home_team_id, match.away_team_id
  FROM public.match_changes AS change
  LEFT JOIN public.match_list AS match ON match.source = change.source AND match.match_id = change.match_id
 WHERE (%(source)s::text IS NULL OR change.source = %(source)s)
   AND (%(field)s::text IS NULL OR change.field = %(field)s)
   AND (%(run)s::uuid IS NULL OR change.run_id = %(run)s)
   AND (%(until)s::timestamptz IS NULL OR change.changed_at < %(until)s)
   AND (%(team)s::text IS NULL OR match.home_team_id = ANY (ARRAY(SELECT team_key FROM named))
                               OR match.away_team_id = ANY (ARRAY(SELECT team_key FROM named)))
   -- a key may be another team's at another source
   AND (%(team)s::text IS NULL OR (match.source, match.home_team_id) IN (SELECT source, team_key FROM named)
                               OR (match.source, match.away_team_id) IN (SELECT source, team_key FROM named))
   AND (%(before)s::timestamptz IS NULL OR (change.changed_at, change.source, change.match_id)
                                         < (%(before)s, %(before_source)s::text, %(before_match)s::text))
 ORDER BY change.changed_at DESC, change.source DESC, change.match_id DESC, change.field
 LIMIT %(limit)s::bigint;
