-- Takes over the tables whose rows changed, in key order, and says which. One that did not change costs no write.
INSERT INTO touchline.official_tables AS t (source, season, league, division, age_group, digest, observed_at)
SELECT %(source)s, %(season)s, %(league)s, i.division, i.age_group, i.digest, %(observed_at)s
FROM jsonb_to_recordset(%(tables)s) AS i (division text, age_group text, digest text)
WHERE NOT EXISTS (
    SELECT FROM touchline.official_tables AS known
    WHERE known.source = %(source)s AND known.season = %(season)s AND known.league = %(league)s
      AND known.division = i.division AND known.age_group = i.age_group AND known.digest = i.digest)
ORDER BY i.division, i.age_group
ON CONFLICT (source, season, league, division, age_group) DO UPDATE
SET digest = excluded.digest, observed_at = excluded.observed_at, changed_at = now()
WHERE t.observed_at <= excluded.observed_at AND t.digest <> excluded.digest
RETURNING division, age_group
