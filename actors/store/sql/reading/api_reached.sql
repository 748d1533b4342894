-- Whether this server has begun a transaction of that number: a cursor with a later one is of another server, whose
-- backup this is.
SELECT %(after_in)s::text::xid8 < pg_snapshot_xmax(pg_current_snapshot()) AS reached;
