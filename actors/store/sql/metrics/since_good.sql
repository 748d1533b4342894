-- Of each schedule that is still written down (it was ticked when the others were): how many of its slots came due since
-- the last good one ended, whatever became of them, a thousand at most. Good is one whose order was carried out and whose
-- run, where it found anything to account for, went well. So a night without slots ages nothing, and neither does a run
-- that finds nothing new, of which public.runs has no row.
WITH newest AS (SELECT max(ticked_at) AS ticked_at FROM touchline.schedule_states)
SELECT s.schedule,
       (SELECT count(*)
          FROM (SELECT FROM touchline.slot_states AS slot
                 WHERE slot.schedule = s.schedule AND slot.due_at > coalesce(good.ended_at, '-infinity')
                 LIMIT 1000) AS since) AS slots
  FROM newest, touchline.schedule_states AS s
  LEFT JOIN LATERAL (
        SELECT slot.ended_at
          FROM touchline.slot_states AS slot
         WHERE slot.schedule = s.schedule AND slot.state = 'done'
           AND NOT EXISTS (SELECT FROM public.runs AS run
                            WHERE run.run_id = slot.run_id AND run.state IN ('suspect', 'failed', 'interrupted'))
         ORDER BY slot.due_at DESC
         LIMIT 1) AS good ON true
 WHERE s.ticked_at > newest.ticked_at - interval '5 minutes'
 ORDER BY s.schedule
 LIMIT %(limit)s;
