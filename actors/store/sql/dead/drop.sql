-- Drops those of the letters that are open, and records who did it and why. Returns the letters that were dropped.
WITH held AS (
    -- in order, so that two who drop at once cannot deadlock
    SELECT dead_id FROM touchline.dead WHERE dead_id = ANY(%(ids)s) AND state = 'open'
    ORDER BY dead_id
    FOR UPDATE
), dropped AS (
    UPDATE touchline.dead AS letter SET state = 'dropped', settled_at = now()
    FROM held WHERE letter.dead_id = held.dead_id
    RETURNING letter.dead_id
)
INSERT INTO touchline.dead_acts (dead_id, act, by_whom, why)
SELECT dead_id, 'drop', %(by)s, %(why)s FROM dropped
RETURNING dead_id
