-- Troubles of scopes that nobody has asked for again.
DELETE FROM touchline.troubles
WHERE (source, scope) IN (
    SELECT source, scope FROM touchline.troubles
    WHERE greatest(told_at, started_at) < now() - make_interval(days => %(days)s)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
