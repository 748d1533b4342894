-- A message that was given up. Nacked again it is the same letter: what is new about it is taken over.
INSERT INTO touchline.dead AS d (kind, queue, actor, message_id, run_id, source, reason, error, traceback, attempts,
                                 first_failed_at, payload)
VALUES ('message', %(queue)s, %(actor)s, %(message_id)s, %(run_id)s, %(source)s, %(reason)s, %(error)s, %(traceback)s,
        %(attempts)s, %(first_failed_at)s, %(payload)s)
ON CONFLICT (message_id) WHERE kind = 'message' AND state = 'open' DO UPDATE
SET reason = excluded.reason, error = excluded.error, traceback = excluded.traceback, died_at = now(),
    attempts = greatest(d.attempts, excluded.attempts)
