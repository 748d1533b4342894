-- Of each schedule that is still written down (it was ticked when the others were): by which line and up to where its
-- slots are decided, and when the oldest was due that was decided to be run and is not begun.
WITH newest AS (SELECT max(ticked_at) AS ticked_at FROM touchline.schedule_states)
SELECT s.schedule, s.cron, s.timezone, s.considered_until, clock_timestamp() AS now,
       (SELECT min(slot.due_at)
          FROM touchline.slot_states AS slot
         WHERE slot.schedule = s.schedule AND slot.state IN ('claimed', 'published')) AS waiting_since
  FROM touchline.schedule_states AS s, newest
 WHERE s.ticked_at > newest.ticked_at - interval '5 minutes'
 ORDER BY s.schedule
 LIMIT %(limit)s;
