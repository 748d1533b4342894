-- Orders of parts of runs that nothing was heard of for so long, carried out or not.
DELETE FROM touchline.orders
WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM touchline.orders
    WHERE touched_at < now() - make_interval(days => %(days)s)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED))
