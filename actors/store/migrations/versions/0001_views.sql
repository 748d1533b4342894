-- The reading interface for other programs (DESIGN: "SQL views"). Columns are documented where they are defined.

CREATE VIEW public.match_list AS
SELECT m.source, m.match_id, m.season, m.league, m.match_type, m.division, m.age_group,
       m.date, m.kickoff, m.timezone,
       home.name AS home_team, away.name AS away_team,
       m.home_team_key AS home_team_id, m.away_team_key AS away_team_id,
       m.home_score, m.away_score, m.home_penalties, m.away_penalties,
       m.status, m.location, m.observed_at, m.first_seen_at, m.changed_at, m.withdrawn_at
FROM touchline.matches AS m
JOIN touchline.teams AS home ON home.source = m.source AND home.team_key = m.home_team_key
JOIN touchline.teams AS away ON away.source = m.source AND away.team_key = m.away_team_key;

COMMENT ON VIEW public.match_list IS 'Every match that a source has listed, one row each.';
COMMENT ON COLUMN public.match_list.source IS 'The site, by the name of its source; with match_id the identity of a match.';
COMMENT ON COLUMN public.match_list.match_id IS 'The site''s own public number of the match; it stays when the match moves.';
COMMENT ON COLUMN public.match_list.season IS 'Such as 2026-27.';
COMMENT ON COLUMN public.match_list.league IS 'The league within the source, such as homegrown; null where the source has none.';
COMMENT ON COLUMN public.match_list.match_type IS 'The competition as published, such as League or Flex.';
COMMENT ON COLUMN public.match_list.division IS 'The bracket that both teams stand in; null for a match between brackets.';
COMMENT ON COLUMN public.match_list.age_group IS 'Such as U14.';
COMMENT ON COLUMN public.match_list.date IS 'The date at the venue. A postponed match keeps the date it was due on; null only where that was never known.';
COMMENT ON COLUMN public.match_list.kickoff IS 'The moment of the kick-off; null while it is not set.';
COMMENT ON COLUMN public.match_list.timezone IS 'The venue''s IANA time zone.';
COMMENT ON COLUMN public.match_list.home_team IS 'The name that the site uses now.';
COMMENT ON COLUMN public.match_list.away_team IS 'The name that the site uses now.';
COMMENT ON COLUMN public.match_list.home_team_id IS 'The site''s id of the team, stable when it is renamed; "name:…" where the site has none.';
COMMENT ON COLUMN public.match_list.away_team_id IS 'As home_team_id.';
COMMENT ON COLUMN public.match_list.home_score IS 'Goals; null while there is no result. 0 is a result.';
COMMENT ON COLUMN public.match_list.away_score IS 'Goals; null exactly when home_score is.';
COMMENT ON COLUMN public.match_list.home_penalties IS 'Goals in the shoot-out after a draw, else null.';
COMMENT ON COLUMN public.match_list.away_penalties IS 'Goals in the shoot-out after a draw, else null.';
COMMENT ON COLUMN public.match_list.status IS 'scheduled, completed, postponed, cancelled or forfeit.';
COMMENT ON COLUMN public.match_list.location IS 'The venue, free text; null while it is not set.';
COMMENT ON COLUMN public.match_list.observed_at IS 'The site''s own time of the observation that these values come from.';
COMMENT ON COLUMN public.match_list.first_seen_at IS 'When the match was stored first.';
COMMENT ON COLUMN public.match_list.changed_at IS 'When one of these values changed last.';
COMMENT ON COLUMN public.match_list.withdrawn_at IS 'When the site was first seen not to list the match any more, else null.';

CREATE VIEW public.match_changes AS
SELECT source, match_id, field, old, new, changed_at, run_id FROM touchline.changes;

COMMENT ON VIEW public.match_changes IS 'Each field of a stored match that changed: one row a change.';
COMMENT ON COLUMN public.match_changes.source IS 'As in match_list.';
COMMENT ON COLUMN public.match_changes.match_id IS 'As in match_list.';
COMMENT ON COLUMN public.match_changes.field IS 'The column of match_list that changed (or round, notes, url).';
COMMENT ON COLUMN public.match_changes.old IS 'The value before, as text; times in UTC.';
COMMENT ON COLUMN public.match_changes.new IS 'The value after, as text; times in UTC.';
COMMENT ON COLUMN public.match_changes.changed_at IS 'When it was stored.';
COMMENT ON COLUMN public.match_changes.run_id IS 'The run that brought it.';

-- A team's matches count in the table of the division they are played in, where the team stands in it; a match between
-- brackets counts in each team's own table (SOURCES section 1, "League tables"). Divisions without an official list
-- of teams take the teams that play in them.
CREATE VIEW public.standings AS
WITH members AS (
    SELECT source, season, league, division, age_group, team_key, team, "position" AS official_position
    FROM touchline.official_rows
    UNION ALL
    SELECT DISTINCT m.source, m.season, m.league, m.division, m.age_group, side.team_key, t.name, NULL::integer
    FROM touchline.matches AS m
    CROSS JOIN LATERAL (VALUES (m.home_team_key), (m.away_team_key)) AS side (team_key)
    JOIN touchline.teams AS t ON t.source = m.source AND t.team_key = side.team_key
    WHERE m.division IS NOT NULL AND m.withdrawn_at IS NULL
      AND NOT EXISTS (
          SELECT FROM touchline.official_tables AS o
          WHERE (o.source, o.season, o.league, o.division, o.age_group)
              = (m.source, m.season, coalesce(m.league, ''), m.division, m.age_group))
), tallies AS (
    SELECT member.source, member.season, member.league, member.division, member.age_group,
           coalesce(t.name, member.team) AS team, member.team_key AS team_id, member.official_position,
           count(played.gf)::integer AS played,
           count(*) FILTER (WHERE played.gf > played.ga)::integer AS won,
           count(*) FILTER (WHERE played.gf = played.ga)::integer AS drawn,
           count(*) FILTER (WHERE played.gf < played.ga)::integer AS lost,
           coalesce(sum(played.gf), 0)::integer AS goals_for,
           coalesce(sum(played.ga), 0)::integer AS goals_against,
           -- 3 for a win, 1 for a draw, and 1 more for a draw that was won on penalties
           (count(*) FILTER (WHERE played.gf > played.ga) * 3
            + count(*) FILTER (WHERE played.gf = played.ga)
            + count(*) FILTER (WHERE played.gf = played.ga AND played.pf > played.pa))::integer AS points
    FROM members AS member
    LEFT JOIN touchline.teams AS t ON t.source = member.source AND t.team_key = member.team_key
    LEFT JOIN LATERAL (
        SELECT m.home_score AS gf, m.away_score AS ga, m.home_penalties AS pf, m.away_penalties AS pa,
               m.season, m.league, m.division, m.age_group, m.match_type, m.status, m.withdrawn_at
        FROM touchline.matches AS m WHERE m.source = member.source AND m.home_team_key = member.team_key
        UNION ALL
        SELECT m.away_score, m.home_score, m.away_penalties, m.home_penalties,
               m.season, m.league, m.division, m.age_group, m.match_type, m.status, m.withdrawn_at
        FROM touchline.matches AS m WHERE m.source = member.source AND m.away_team_key = member.team_key
    ) AS played
      ON played.season = member.season AND played.league IS NOT DISTINCT FROM member.league
     -- no forfeits: the site's own tables leave out what is parked on its placeholder day
     AND played.status = 'completed' AND played.withdrawn_at IS NULL
     AND (played.match_type LIKE 'League%' OR played.match_type = 'Flex')
     AND ((played.division = member.division AND played.age_group = member.age_group)
          OR (member.division = (
                  SELECT min(own.division) FROM touchline.official_rows AS own
                  WHERE own.source = member.source AND own.team_key = member.team_key
                    AND own.season = member.season AND own.league IS NOT DISTINCT FROM member.league)
              AND NOT EXISTS (
                  SELECT FROM touchline.official_rows AS own
                  WHERE own.source = member.source AND own.team_key = member.team_key
                    AND own.season = member.season AND own.league IS NOT DISTINCT FROM member.league
                    AND own.division = played.division AND own.age_group = played.age_group)))
    GROUP BY member.source, member.season, member.league, member.division, member.age_group,
             t.name, member.team, member.team_key, member.official_position
)
SELECT source, season, league, division, age_group,
       (row_number() OVER (
            PARTITION BY source, season, league, division, age_group
            ORDER BY points::numeric / nullif(played, 0) DESC NULLS LAST, won DESC,
                     (goals_for - goals_against)::numeric / nullif(played, 0) DESC NULLS LAST,
                     goals_for::numeric / nullif(played, 0) DESC NULLS LAST,
                     official_position, team, team_id))::integer AS "position",
       team, team_id, played, won, drawn, lost, goals_for, goals_against,
       goals_for - goals_against AS goal_difference, points,
       round(points::numeric / nullif(played, 0), 2) AS points_per_match
FROM tallies;

COMMENT ON VIEW public.standings IS 'The league table of each division, counted from the stored results: points per match, wins, goal difference and goals a match, then the official position. Head-to-head is not applied yet.';
COMMENT ON COLUMN public.standings.source IS 'As in match_list.';
COMMENT ON COLUMN public.standings.season IS 'As in match_list.';
COMMENT ON COLUMN public.standings.league IS 'As in match_list.';
COMMENT ON COLUMN public.standings.division IS 'As in match_list.';
COMMENT ON COLUMN public.standings.age_group IS 'As in match_list.';
COMMENT ON COLUMN public.standings."position" IS 'From 1, without ties.';
COMMENT ON COLUMN public.standings.team IS 'The name that the site uses now.';
COMMENT ON COLUMN public.standings.team_id IS 'As match_list.home_team_id.';
COMMENT ON COLUMN public.standings.played IS 'Completed matches that count in this table; forfeits do not, as on the site.';
COMMENT ON COLUMN public.standings.won IS 'Matches won in play.';
COMMENT ON COLUMN public.standings.drawn IS 'Matches level after play, shoot-outs included.';
COMMENT ON COLUMN public.standings.lost IS 'Matches lost in play.';
COMMENT ON COLUMN public.standings.goals_for IS 'Goals scored in play.';
COMMENT ON COLUMN public.standings.goals_against IS 'Goals conceded in play.';
COMMENT ON COLUMN public.standings.goal_difference IS 'goals_for minus goals_against.';
COMMENT ON COLUMN public.standings.points IS '3 for a win, 1 for a draw, 1 more for a shoot-out won.';
COMMENT ON COLUMN public.standings.points_per_match IS 'Rounded to two digits; null while nothing was played.';

CREATE VIEW public.runs AS
SELECT run.run_id, run.source, run.params, run.trigger, run.scheduled_for, run.started_at, run.finished_at, run.state,
       (SELECT coalesce(sum(part.found), 0)::integer FROM touchline.run_parts AS part WHERE part.run_id = run.run_id) AS found,
       run.inserted, run.updated, run.unchanged, run.stale, run.dead, run.error
FROM touchline.run_accounts AS run;

COMMENT ON VIEW public.runs IS 'One reading of a source each. When it is finished, found = inserted + updated + unchanged + stale + dead.';
COMMENT ON COLUMN public.runs.run_id IS 'Given by whoever ordered the run.';
COMMENT ON COLUMN public.runs.source IS 'As in match_list.';
COMMENT ON COLUMN public.runs.params IS 'What was asked for: leagues, filters, season.';
COMMENT ON COLUMN public.runs.trigger IS 'cli, schedule or api.';
COMMENT ON COLUMN public.runs.scheduled_for IS 'The slot of a scheduled run, else null.';
COMMENT ON COLUMN public.runs.started_at IS 'When the producer began.';
COMMENT ON COLUMN public.runs.finished_at IS 'When the last of its matches was accounted for; null while it runs.';
COMMENT ON COLUMN public.runs.state IS 'running, succeeded, suspect, failed or interrupted.';
COMMENT ON COLUMN public.runs.found IS 'Matches that the source listed, as the parts that ended reported them.';
COMMENT ON COLUMN public.runs.inserted IS 'Matches stored for the first time.';
COMMENT ON COLUMN public.runs.updated IS 'Matches of which a field changed.';
COMMENT ON COLUMN public.runs.unchanged IS 'Matches that were as stored.';
COMMENT ON COLUMN public.runs.stale IS 'Matches of which something newer was known already.';
COMMENT ON COLUMN public.runs.dead IS 'Matches that could not be stored; see dead_letters.';
COMMENT ON COLUMN public.runs.error IS 'Why it is suspect or failed, or what else a person should know of it, in a sentence.';

CREATE VIEW public.dead_letters AS
SELECT dead_id AS id, kind, queue, actor, run_id, reason, error, attempts, first_failed_at, died_at, state, payload
FROM touchline.dead;

COMMENT ON VIEW public.dead_letters IS 'Matches and messages that could not be stored, kept until a person acts.';
COMMENT ON COLUMN public.dead_letters.id IS 'For touchline dead show.';
COMMENT ON COLUMN public.dead_letters.kind IS 'match: one row of a batch whose other rows were stored; message: a whole message.';
COMMENT ON COLUMN public.dead_letters.queue IS 'The queue that it came through.';
COMMENT ON COLUMN public.dead_letters.actor IS 'The actor that was to store it.';
COMMENT ON COLUMN public.dead_letters.run_id IS 'The run that it belongs to, where that could be read.';
COMMENT ON COLUMN public.dead_letters.reason IS 'A short, stable code.';
COMMENT ON COLUMN public.dead_letters.error IS 'What was wrong, in a sentence.';
COMMENT ON COLUMN public.dead_letters.attempts IS 'How often it was tried.';
COMMENT ON COLUMN public.dead_letters.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN public.dead_letters.died_at IS 'When it was given up.';
COMMENT ON COLUMN public.dead_letters.state IS 'open, replayed or dropped.';
COMMENT ON COLUMN public.dead_letters.payload IS 'The row or the message as it came (U+0000 and lone surrogates escaped).';
