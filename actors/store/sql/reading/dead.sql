-- Dead letters, newest first, without their payloads. The table knows the source, which the view does not show.
SELECT dead_id AS id, kind, queue, actor, source, match_id, run_id, reason, error, attempts, first_failed_at, died_at,
       state
  FROM touchline.dead
 WHERE (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(reason)s::text IS NULL OR position(lower(%(reason)s) IN lower(reason)) > 0)
   AND (%(queue)s::text IS NULL OR queue = %(queue)s)
   AND (%(source)s::text IS NULL OR source = %(source)s)
   AND (%(run)s::text IS NULL OR starts_with(run_id::text, lower(%(run)s)))
   AND (%(since)s::timestamptz IS NULL OR died_at >= %(since)s)
 ORDER BY died_at DESC, dead_id DESC
 LIMIT %(limit)s::bigint;
