-- Of each schedule that is still written down (it was ticked when the others were): by which line and up to where its
-- slots are decided, and the oldest that was claimed or published and is not begun, and since when it should be: an order
-- is delayed by a draw of its own.
WITH newest AS (SELECT max(ticked_at) AS ticked_at FROM touchline.schedules)
SELECT s.schedule, s.cron, s.timezone, s.considered_until, clock_timestamp() AS now,
       (SELECT min(slot.due_at + make_interval(secs => coalesce((slot."order" ->> 'delay')::float8, 0) / 1000))
          FROM touchline.slots AS slot
         WHERE slot.schedule = s.schedule AND slot.state IN ('claimed', 'published')) AS waiting_since
  FROM touchline.schedules AS s, newest
 WHERE s.ticked_at > newest.ticked_at - interval '5 minutes'
 ORDER BY s.schedule
 LIMIT %(limit)s;
