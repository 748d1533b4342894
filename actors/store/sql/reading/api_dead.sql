-- Dead letters by key, newest first, without their payloads.
SELECT letter.dead_id AS id, letter.kind, letter.queue, letter.actor, letter.source, letter.match_id, letter.run_id,
       letter.reason, letter.error, letter.attempts, letter.first_failed_at, letter.died_at, letter.state,
       letter.replays, letter.settled_at
  FROM touchline.letters AS letter
 WHERE (%(state)s::text IS NULL OR letter.state = %(state)s)
   AND (%(kind)s::text IS NULL OR letter.kind = %(kind)s)
   AND (%(reason)s::text IS NULL OR letter.reason = %(reason)s)
   AND (%(queue)s::text IS NULL OR letter.queue = %(queue)s)
   AND (%(source)s::text IS NULL OR letter.source = %(source)s)
   AND (%(run)s::uuid IS NULL OR letter.run_id = %(run)s)
   AND (%(since)s::timestamptz IS NULL OR letter.died_at >= %(since)s)
   AND (%(after_id)s::bigint IS NULL OR letter.dead_id < %(after_id)s)
 ORDER BY letter.dead_id DESC
 LIMIT %(limit)s::bigint;
