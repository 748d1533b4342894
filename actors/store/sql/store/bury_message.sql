-- A message that was given up for the first time.
INSERT INTO touchline.dead (kind, queue, actor, message_id, carrier, run_id, source, rows, reason, error, traceback,
                            attempts, first_failed_at, died_at, payload, body)
VALUES ('message', %(queue)s, %(actor)s, %(message_id)s, %(message_id)s, %(run_id)s, %(source)s, %(rows)s, %(reason)s,
        %(error)s, %(traceback)s, %(attempts)s, %(first_failed_at)s, coalesce(%(died_at)s, now()),
        %(payload)s::text::jsonb, %(body)s)
