-- Changes in an order to which only its end is added, so that they can be followed: by transaction, and only of those that
-- began before every one that still writes. A number that this server has not reached yet came with a backup of another
-- one; such changes come first, as do those from before there were numbers.
WITH earlier AS (
    SELECT '0'::xid8 AS settled_in, change_id, changed_at, source, match_id, field, old, new, run_id
      FROM touchline.change_feed
     WHERE (changed_in IS NULL OR changed_in >= pg_snapshot_xmax(pg_current_snapshot()))
       AND (%(after_in)s::text IS NULL OR (%(after_in)s::text::xid8 = '0' AND change_id > %(after_id)s::bigint))
       AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
       AND (%(source)s::text IS NULL OR source = %(source)s)
       AND (%(match)s::text IS NULL OR match_id = %(match)s)
       AND (%(fields)s::text[] IS NULL OR field = ANY (%(fields)s::text[]))
       AND (%(run)s::uuid IS NULL OR run_id = %(run)s)
     ORDER BY change_id
     LIMIT %(limit)s::bigint
), settled AS (
    SELECT changed_in AS settled_in, change_id, changed_at, source, match_id, field, old, new, run_id
      FROM touchline.change_feed
     WHERE changed_in < pg_snapshot_xmin(pg_current_snapshot())
       AND (%(after_in)s::text IS NULL OR (changed_in, change_id) > (%(after_in)s::text::xid8, %(after_id)s::bigint))
       AND (%(since)s::timestamptz IS NULL OR changed_at >= %(since)s)
       AND (%(source)s::text IS NULL OR source = %(source)s)
       AND (%(match)s::text IS NULL OR match_id = %(match)s)
       AND (%(fields)s::text[] IS NULL OR field = ANY (%(fields)s::text[]))
       AND (%(run)s::uuid IS NULL OR run_id = %(run)s)
     ORDER BY changed_in, change_id
     LIMIT %(limit)s::bigint
)
SELECT settled_in::text AS settled_in, change_id, changed_at, source, match_id, field, old, new, run_id
  FROM (SELECT * FROM earlier UNION ALL SELECT * FROM settled) AS feed
 ORDER BY feed.settled_in, feed.change_id
 LIMIT %(limit)s::bigint;
