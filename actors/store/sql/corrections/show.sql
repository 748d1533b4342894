-- Shows a match, which is locked, as its open corrections have it now, and writes the history of that. What is written here
-- is what the site says, all of it; the trigger corrections_stay puts the corrected values over it.
WITH before AS MATERIALIZED (
    SELECT * FROM touchline.matches WHERE source = %(source)s AND match_id = %(match_id)s
), updated AS (
    UPDATE touchline.matches AS m SET
        home_score = s.home_score, away_score = s.away_score, home_penalties = s.home_penalties,
        away_penalties = s.away_penalties, status = s.status, date = s.date, kickoff = s.kickoff,
        location = s.location, notes = s.notes, division = s.division, corrected = '{said}'
    FROM jsonb_populate_record(NULL::touchline.matches, %(site)s) AS s
    WHERE m.source = %(source)s AND m.match_id = %(match_id)s
    RETURNING m.*
)
INSERT INTO touchline.changes (source, match_id, field, old, new)
SELECT u.source, u.match_id, change.field, change.old, change.new
FROM updated AS u
CROSS JOIN before AS b
CROSS JOIN LATERAL (VALUES
    ('home_score', b.home_score::text, u.home_score::text),
    ('away_score', b.away_score::text, u.away_score::text),
    ('home_penalties', b.home_penalties::text, u.home_penalties::text),
    ('away_penalties', b.away_penalties::text, u.away_penalties::text),
    ('status', b.status, u.status),
    ('date', b.date::text, u.date::text),
    ('kickoff', to_char(b.kickoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
     to_char(u.kickoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
    ('location', b.location, u.location),
    ('notes', b.notes, u.notes),
    ('division', b.division, u.division),
    ('corrected', array_to_string(nullif(b.corrected, '{}'), ', '), array_to_string(nullif(u.corrected, '{}'), ', '))
) AS change (field, old, new)
WHERE change.old IS DISTINCT FROM change.new
