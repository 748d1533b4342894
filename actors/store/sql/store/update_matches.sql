-- Writes the changed matches and one row of history for each field that changed. Their rows are locked by now, so what
-- `before` reads is what the update overwrites. One that was withdrawn is listed again, unless the batch is older than
-- its withdrawal. That another part lists a match is written, too, but no change of it. Where only the wording is another
-- one, its fingerprint is all that is written: the values are as of the observation that they were. Of a match that a
-- person corrected, the trigger corrections_stay puts the corrected values back and writes the site's beside them. Returns
-- the matches that were written, whether the history tells of it, and whether this observation is newer than the values.
WITH incoming AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(matches)s) AS r (
        match_id text, season text, league text, match_type text, division text, age_group text, date date,
        kickoff timestamptz, timezone text, home_team_key text, away_team_key text, home_score smallint,
        away_score smallint, home_penalties smallint, away_penalties smallint, status text, location text,
        round text, notes text, url text, fingerprint uuid)
), before AS MATERIALIZED (
    -- OFFSET 0: by key, whatever the statistics say
    SELECT m.*,
           coalesce(m.withdrawn_at <= %(observed_at)s, false) OR (
              m.season, m.league, m.match_type, m.division, m.age_group, m.date, m.kickoff, m.timezone,
              m.home_team_key, m.away_team_key, m.home_score, m.away_score, m.home_penalties, m.away_penalties,
              m.status, m.location, m.round, m.notes, m.url
           ) IS DISTINCT FROM (
              i.season, i.league, i.match_type, i.division, i.age_group, coalesce(i.date, m.date),
              CASE WHEN i.date IS NULL THEN m.kickoff ELSE i.kickoff END, i.timezone, i.home_team_key,
              i.away_team_key, i.home_score, i.away_score, i.home_penalties, i.away_penalties, i.status,
              i.location, i.round, i.notes, i.url
           ) AS differs
    FROM incoming AS i
    CROSS JOIN LATERAL (
        SELECT * FROM touchline.matches AS known
        WHERE known.source = %(source)s AND known.match_id = i.match_id
        OFFSET 0) AS m
), updated AS (
    UPDATE touchline.matches AS m SET
        observed_at = CASE WHEN b.differs OR m.part IS DISTINCT FROM %(part)s OR m.corrected IS NOT NULL
                           THEN %(observed_at)s ELSE m.observed_at END,
        part = %(part)s,
        withdrawn_at = CASE WHEN m.withdrawn_at > %(observed_at)s THEN m.withdrawn_at END,
        changed_at = CASE WHEN b.differs THEN now() ELSE m.changed_at END,
        season = i.season, league = i.league, match_type = i.match_type, division = i.division,
        age_group = i.age_group, date = coalesce(i.date, m.date),
        kickoff = CASE WHEN i.date IS NULL THEN m.kickoff ELSE i.kickoff END, timezone = i.timezone,
        home_team_key = i.home_team_key, away_team_key = i.away_team_key, home_score = i.home_score,
        away_score = i.away_score, home_penalties = i.home_penalties, away_penalties = i.away_penalties,
        status = i.status, location = i.location, round = i.round, notes = i.notes, url = i.url,
        fingerprint = i.fingerprint,
        -- for the trigger: whether the site says anything of the day
        corrected = CASE WHEN m.corrected IS NOT NULL THEN
                         CASE WHEN i.date IS NULL THEN ARRAY['unsaid'] ELSE ARRAY['said'] END END
    FROM incoming AS i
    JOIN before AS b USING (match_id)
    -- by key, too: the planner expects more rows of a batch than there are, and would read the whole table for a few
    WHERE m.source = %(source)s AND m.match_id = i.match_id AND m.match_id = ANY(%(match_ids)s)
      AND m.observed_at <= %(observed_at)s
      AND (b.differs OR m.part IS DISTINCT FROM %(part)s OR m.fingerprint IS DISTINCT FROM i.fingerprint
           OR m.corrected IS NOT NULL)
    RETURNING m.*
), history AS (
    INSERT INTO touchline.changes (source, match_id, field, old, new, run_id)
    SELECT u.source, u.match_id, change.field, change.old, change.new, %(run_id)s
    FROM updated AS u
    JOIN before AS b USING (match_id)
    CROSS JOIN LATERAL (VALUES
    ('season', b.season, u.season),
    ('league', b.league, u.league),
    ('match_type', b.match_type, u.match_type),
    ('division', b.division, u.division),
    ('age_group', b.age_group, u.age_group),
    ('date', b.date::text, u.date::text),
    ('kickoff', to_char(b.kickoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
     to_char(u.kickoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
    ('timezone', b.timezone, u.timezone),
    ('home_team_id', b.home_team_key, u.home_team_key),
    ('away_team_id', b.away_team_key, u.away_team_key),
    ('home_score', b.home_score::text, u.home_score::text),
    ('away_score', b.away_score::text, u.away_score::text),
    ('home_penalties', b.home_penalties::text, u.home_penalties::text),
    ('away_penalties', b.away_penalties::text, u.away_penalties::text),
    ('status', b.status, u.status),
    ('location', b.location, u.location),
    ('round', b.round, u.round),
    ('notes', b.notes, u.notes),
    ('url', b.url, u.url),
    ('withdrawn_at', to_char(b.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
     to_char(u.withdrawn_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
    ('corrected', array_to_string(nullif(b.corrected, '{}'), ', '), array_to_string(nullif(u.corrected, '{}'), ', '))
    ) AS change (field, old, new)
    WHERE change.old IS DISTINCT FROM change.new
    ORDER BY u.match_id
)
SELECT u.match_id, CASE WHEN b.corrected IS NULL THEN b.differs ELSE u.changed_at IS DISTINCT FROM b.changed_at END,
       u.observed_at < %(observed_at)s FROM updated AS u JOIN before AS b USING (match_id)
