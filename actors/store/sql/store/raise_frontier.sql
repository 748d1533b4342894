-- The first batch of a newer observation moves the frontier, and waits for those of the older one to commit. For an
-- older observation no row comes back, but the row is locked all the same: nobody stores the newer one meanwhile.
INSERT INTO touchline.frontier AS f (source, part, observed_at) VALUES (%(source)s, %(part)s, %(observed_at)s)
ON CONFLICT (source, part) DO UPDATE SET observed_at = excluded.observed_at
WHERE f.observed_at < excluded.observed_at
RETURNING 1
