-- Changes in the order in which they can be followed: what is stored later comes after whatever was shown before.
SELECT feed.settled_in::text AS settled_in, feed.change_id, feed.changed_at, feed.source, feed.match_id, feed.field,
       feed.old, feed.new, feed.run_id
  FROM touchline.change_feed AS feed
 WHERE (%(after_in)s::text IS NULL OR (feed.settled_in >= %(after_in)s::text::xid8
            AND (feed.settled_in, feed.change_id) > (%(after_in)s::text::xid8, %(after_id)s::bigint)))
   AND (%(since)s::timestamptz IS NULL OR feed.changed_at >= %(since)s)
   AND (%(source)s::text IS NULL OR feed.source = %(source)s)
   AND (%(match)s::text IS NULL OR feed.match_id = %(match)s)
   AND (%(fields)s::text[] IS NULL OR feed.field = ANY (%(fields)s::text[]))
   AND (%(run)s::uuid IS NULL OR feed.run_id = %(run)s)
 ORDER BY feed.settled_in, feed.change_id
 LIMIT %(limit)s::bigint;
