-- When the site last changed a team's name; null where it never did. A name stands in the title of events, and is no
-- field of a match whose history would tell of it.
ALTER TABLE touchline.teams ADD COLUMN renamed_at timestamptz;

-- By a trigger, whoever writes: also a worker of the version before this one.
CREATE FUNCTION touchline.note_renamed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.renamed_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER note_renamed BEFORE UPDATE ON touchline.teams
FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION touchline.note_renamed();

-- `touchline calendar`: the matches of a team as events show them. `revision` counts the changes of what an event shows
-- (all that one transaction changed is one change); `revised_at` is when anything of that, names included, changed last.
-- Both come from the history, because `changed_at` also moves for what no event shows.
CREATE VIEW touchline.calendar_matches AS
SELECT m.source, m.match_id, m.season, m.league, m.match_type, m.division, m.age_group, m.date, m.kickoff, m.timezone,
       home.name AS home_team, away.name AS away_team,
       m.home_team_key AS home_team_id, m.away_team_key AS away_team_id,
       m.home_score, m.away_score, m.home_penalties, m.away_penalties, m.status, m.location, m.round, m.notes, m.url,
       m.withdrawn_at, m.first_seen_at,
       greatest(m.first_seen_at, shown.changed_at, home.renamed_at, away.renamed_at) AS revised_at,
       shown.revision
FROM touchline.matches AS m
JOIN touchline.teams AS home ON home.source = m.source AND home.team_key = m.home_team_key
JOIN touchline.teams AS away ON away.source = m.source AND away.team_key = m.away_team_key
CROSS JOIN LATERAL (
    SELECT count(DISTINCT change.changed_at)::integer AS revision, max(change.changed_at) AS changed_at
    FROM touchline.changes AS change
    WHERE change.source = m.source AND change.match_id = m.match_id
      AND change.field IN (
          'season', 'league', 'match_type', 'division', 'age_group', 'date', 'kickoff', 'timezone', 'home_team_id',
          'away_team_id', 'home_score', 'away_score', 'home_penalties', 'away_penalties', 'status', 'location',
          'round', 'notes', 'url', 'withdrawn_at')
) AS shown;

-- Whose calendar there is.
CREATE VIEW touchline.calendar_teams AS
SELECT source, team_key AS team_id, name AS team, age_group FROM touchline.teams;
