-- A page of dead letters, newest first: those that died before the last one of the page before, which its key names.
SELECT letter.dead_id AS id, letter.kind, letter.queue, letter.actor, letter.source, letter.match_id, letter.run_id,
       letter.reason, letter.error, letter.attempts, letter.first_failed_at, letter.died_at, letter.state,
       letter.replays, letter.settled_at
  FROM touchline.letters AS letter
 WHERE (%(state)s::text IS NULL OR letter.state = %(state)s)
   AND (%(kind)s::text IS NULL OR letter.kind = %(kind)s)
   AND (%(reason)s::text IS NULL OR position(lower(%(reason)s) IN lower(letter.reason)) > 0)
   AND (%(queue)s::text IS NULL OR letter.queue = %(queue)s)
   AND (%(source)s::text IS NULL OR letter.source = %(source)s)
   AND (%(run)s::uuid IS NULL OR letter.run_id = %(run)s)
   AND (%(before)s::timestamptz IS NULL OR (letter.died_at, letter.dead_id) < (%(before)s, %(before_id)s::bigint))
 ORDER BY letter.died_at DESC, letter.dead_id DESC
 LIMIT %(limit)s::bigint;
