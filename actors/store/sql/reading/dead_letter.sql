-- One dead letter with everything that is known about it.
SELECT dead_id AS id, kind, state, queue, actor, source, match_id, run_id, message_id, reason, error, attempts,
       first_failed_at, died_at, traceback, payload
  FROM touchline.dead
 WHERE dead_id = %(id)s::bigint;
