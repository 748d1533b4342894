-- Stores the matches that are new, and says of each row of the batch what it is: inserted, unchanged, changed (not yet
-- written), stale, or again (somebody else inserted it a moment ago: ask once more). Also whether it was observed
-- later than the stored values, which a sighting has to remember if nothing changed. A site that shows only a
-- placeholder (date null) does not overwrite the date and kick-off that the match was due on. A match that was
-- withdrawn returns as `changed`, and so does one that another part listed, or that is listed in other words (names of its
-- teams, say). A batch that is older than the withdrawal
-- does not bring it back; but the values are those of the newest observation that listed it, withdrawn or not. Of a match
-- that a person corrected the stored values do not tell what the site said before: it is written, and the trigger
-- corrections_stay decides (migration 0014).
WITH incoming AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(matches)s) AS r (
        match_id text, season text, league text, match_type text, division text, age_group text, date date,
        kickoff timestamptz, timezone text, home_team_key text, away_team_key text, home_score smallint,
        away_score smallint, home_penalties smallint, away_penalties smallint, status text, location text,
        round text, notes text, url text, fingerprint uuid)
), stored AS MATERIALIZED (
    -- OFFSET 0 keeps the look-up by key even where statistics are old or missing (a season arrives in a minute)
    SELECT m.* FROM incoming AS i
    CROSS JOIN LATERAL (
        SELECT * FROM touchline.matches AS known
        WHERE known.source = %(source)s AND known.match_id = i.match_id
        OFFSET 0) AS m
), inserted AS (
    INSERT INTO touchline.matches (
        source, match_id, observed_at, part,
        season, league, match_type, division, age_group, date, kickoff, timezone, home_team_key, away_team_key,
        home_score, away_score, home_penalties, away_penalties, status, location, round, notes, url, fingerprint)
    SELECT %(source)s, i.match_id, %(observed_at)s, %(part)s,
           i.season, i.league, i.match_type, i.division, i.age_group, i.date, i.kickoff, i.timezone,
           i.home_team_key, i.away_team_key, i.home_score, i.away_score, i.home_penalties, i.away_penalties,
           i.status, i.location, i.round, i.notes, i.url, i.fingerprint
    FROM incoming AS i
    WHERE NOT EXISTS (SELECT FROM stored AS m WHERE m.match_id = i.match_id)
    ORDER BY i.match_id
    ON CONFLICT DO NOTHING
    RETURNING match_id
)
SELECT i.match_id,
       CASE WHEN n.match_id IS NOT NULL THEN 'inserted'
            WHEN m.match_id IS NULL THEN 'again'
            WHEN m.observed_at > %(observed_at)s OR i.match_id = ANY(%(seen_later)s) THEN 'stale'
            WHEN (
              m.season, m.league, m.match_type, m.division, m.age_group, m.date, m.kickoff, m.timezone,
              m.home_team_key, m.away_team_key, m.home_score, m.away_score, m.home_penalties, m.away_penalties,
              m.status, m.location, m.round, m.notes, m.url
            ) IS NOT DISTINCT FROM (
              i.season, i.league, i.match_type, i.division, i.age_group, coalesce(i.date, m.date),
              CASE WHEN i.date IS NULL THEN m.kickoff ELSE i.kickoff END, i.timezone, i.home_team_key,
              i.away_team_key, i.home_score, i.away_score, i.home_penalties, i.away_penalties, i.status,
              i.location, i.round, i.notes, i.url
            ) AND m.part = %(part)s AND (m.withdrawn_at IS NULL OR m.withdrawn_at > %(observed_at)s)
              AND coalesce(m.fingerprint = i.fingerprint, i.fingerprint IS NULL)
              AND m.corrected IS NULL THEN 'unchanged'
            ELSE 'changed' END,
       coalesce(m.observed_at < %(observed_at)s, false)
FROM incoming AS i
LEFT JOIN inserted AS n USING (match_id)
LEFT JOIN stored AS m USING (match_id)
