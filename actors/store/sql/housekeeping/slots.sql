-- Slots of schedules that are over.
DELETE FROM touchline.slots
WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM touchline.slots
    WHERE due_at < now() - make_interval(days => %(days)s) AND state IN ('done', 'skipped', 'missed')
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED))
