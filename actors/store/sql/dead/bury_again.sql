-- A letter whose message was given up again is open again: what is new about it is taken over, attempts are added up. Of
-- one that had been replayed people hear again.
UPDATE touchline.dead
SET state = 'open', settled_at = NULL, told_at = CASE state WHEN 'open' THEN told_at END, reason = %(reason)s,
    error = %(error)s, traceback = %(traceback)s, died_at = coalesce(%(died_at)s, now()),
    attempts = greatest(attempts, earlier_attempts + %(attempts)s),
    first_failed_at = least(first_failed_at, %(first_failed_at)s)
WHERE dead_id = %(dead_id)s
