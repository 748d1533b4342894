-- Locks the schedule for whoever decides about its slots, and says by which line the next ones came due, up to where
-- that is decided, and what time it is. A schedule that is new begins now.
INSERT INTO touchline.schedules AS s (schedule, cron, timezone, considered_until)
VALUES (%(schedule)s, %(cron)s, %(timezone)s, coalesce(%(now)s, clock_timestamp()))
ON CONFLICT (schedule) DO UPDATE SET ticked_at = clock_timestamp()
RETURNING s.cron, s.timezone, s.considered_until, coalesce(%(now)s::timestamptz, clock_timestamp()), (xmax = 0)
