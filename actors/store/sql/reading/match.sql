-- One match with everything that is known of it: what is shown, what people said against its site (newest last), and what
-- changed (newest last). Several rows where several sources have a match of that number.
SELECT match.source, match.match_id, match.season, match.league, match.match_type, match.division, match.age_group,
       match.date, match.kickoff, match.timezone, match.home_team, match.away_team, match.home_team_id,
       match.away_team_id, match.home_score, match.away_score, match.home_penalties, match.away_penalties, match.status,
       match.location, extra.round, extra.notes, extra.url, match.observed_at, match.first_seen_at, match.changed_at,
       match.withdrawn_at, match.corrected,
       coalesce((
           SELECT jsonb_agg(jsonb_build_object(
                      'id', c.correction_id, 'field', c.field, 'value', c.value, 'site_value', c.site_value,
                      'site_since', to_char(c.site_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      'why', c.why, 'by', c.by_whom,
                      'made_at', to_char(c.made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      'state', c.state,
                      'rests_since', to_char(c.rests_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      'ended_at', to_char(c.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      'ended_by', c.ended_by, 'ended_why', c.ended_why) ORDER BY c.correction_id)
             FROM touchline.match_corrections AS c
            WHERE c.source = match.source AND c.match_id = match.match_id), '[]') AS corrections,
       coalesce((
           SELECT jsonb_agg(jsonb_build_object(
                      'changed_at', to_char(change.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      'field', change.field, 'old', change.old, 'new', change.new, 'run_id', change.run_id)
                      ORDER BY change.changed_at, change.run_id, change.field)
             FROM public.match_changes AS change
            WHERE change.source = match.source AND change.match_id = match.match_id), '[]') AS history
  FROM public.match_list AS match
  JOIN touchline.match_extras AS extra ON extra.source = match.source AND extra.match_id = match.match_id
 WHERE match.match_id = %(match_id)s::text
   AND (%(source)s::text IS NULL OR match.source = %(source)s)
 ORDER BY match.source;
