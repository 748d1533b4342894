-- The matches of one team, home and away, of all seasons or one; the latest of them, where there are more than any team
-- plays. By id: an event keeps its place in the calendar when its match moves.
SELECT *
  FROM (SELECT source, match_id, season, league, match_type, division, age_group, date, kickoff, timezone, home_team,
               away_team, home_team_id, away_team_id, home_score, away_score, home_penalties, away_penalties, status,
               location, round, notes, url, withdrawn_at, first_seen_at, revised_at, revision
          FROM touchline.calendar_matches
         WHERE source = %(source)s
           AND (home_team_id = %(team_id)s OR away_team_id = %(team_id)s)
           AND (%(season)s::text IS NULL OR season = %(season)s)
         ORDER BY date DESC NULLS LAST, match_id
         LIMIT %(limit)s::bigint) AS latest
 ORDER BY match_id COLLATE "C";
