-- Everything that was due by then is decided about, and what comes due next does so by this line. A clock that was put
-- back decides nothing again.
UPDATE touchline.schedules
SET cron = %(cron)s, timezone = %(timezone)s, considered_until = greatest(considered_until, %(until)s)
WHERE schedule = %(schedule)s
