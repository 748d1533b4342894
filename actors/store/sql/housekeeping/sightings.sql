-- Sightings from before the horizon; see seen_later.sql for what a late message is told then. Those of a part's newest
-- observation stay: a site may go on showing an old one, and then they say what it lists (withdrawal/hold_missing).
DELETE FROM touchline.sightings
WHERE ctid = ANY(ARRAY(
    SELECT s.ctid FROM touchline.sightings AS s
    WHERE s.observed_at < (SELECT before FROM touchline.horizon)
      AND NOT EXISTS (
          SELECT FROM touchline.frontier AS f WHERE f.source = s.source AND f.observed_at = s.observed_at)
    LIMIT %(limit)s
    FOR UPDATE OF s SKIP LOCKED))
