-- Which rows of the batch are listed as they were when their match was last written, and whether they were observed later
-- than that. All others are compared in full: new, changed, withdrawn, last listed by another part, or stale.
SELECT m.match_id, m.observed_at < %(observed_at)s
FROM jsonb_each_text(%(fingerprints)s) AS i (match_id, fingerprint)
CROSS JOIN LATERAL (
    -- OFFSET 0: by key, whatever the statistics say
    SELECT * FROM touchline.matches AS known
    WHERE known.source = %(source)s AND known.match_id = i.match_id
    OFFSET 0) AS m
WHERE m.fingerprint = i.fingerprint::uuid AND m.part = %(part)s AND m.withdrawn_at IS NULL AND m.observed_at <= %(observed_at)s
