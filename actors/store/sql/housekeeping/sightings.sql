-- Sightings from before the horizon; see seen_later.sql for what a late message is told then.
DELETE FROM touchline.sightings
WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM touchline.sightings
    WHERE observed_at < (SELECT before FROM touchline.horizon)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED))
