-- Takes over the tables of a message, in key order, and says of which the rows changed. One that is published as before
-- gets its observation written, which tells what a part publishes now: a division that is gone is no longer expected.
WITH known AS (
    SELECT division, age_group, digest, observed_at, part FROM touchline.official_tables
    WHERE source = %(source)s AND season = %(season)s AND league = %(league)s
), taken AS (
    INSERT INTO touchline.official_tables AS t (source, season, league, division, age_group, digest, observed_at, part)
    SELECT %(source)s, %(season)s, %(league)s, i.division, i.age_group, i.digest, %(observed_at)s, %(part)s
    FROM jsonb_to_recordset(%(tables)s) AS i (division text, age_group text, digest text)
    WHERE NOT EXISTS (
        SELECT FROM known
        WHERE known.division = i.division AND known.age_group = i.age_group AND known.digest = i.digest
          AND known.observed_at >= %(observed_at)s AND known.part = %(part)s)
    ORDER BY i.division, i.age_group
    ON CONFLICT (source, season, league, division, age_group) DO UPDATE
    SET digest = excluded.digest, observed_at = excluded.observed_at, part = excluded.part,
        changed_at = CASE t.digest WHEN excluded.digest THEN t.changed_at ELSE now() END
    WHERE t.observed_at <= excluded.observed_at
    RETURNING division, age_group, digest
)
SELECT taken.division, taken.age_group
FROM taken
LEFT JOIN known USING (division, age_group)
WHERE known.digest IS DISTINCT FROM taken.digest
