-- What the clock knows of each schedule: how far its slots are decided, and the last of them.
SELECT s.schedule, s.first_seen_at, s.considered_until, s.ticked_at,
       extract(epoch FROM clock_timestamp() - s.ticked_at)::float8 AS seconds_since_tick,
       slot.due_at AS last_due_at, slot.state AS last_state, slot.outcome AS last_outcome, slot.run_id AS last_run_id
  FROM touchline.schedule_states AS s
  LEFT JOIN LATERAL (
      SELECT due_at, state, outcome, run_id FROM touchline.slot_states
       WHERE slot_states.schedule = s.schedule
       ORDER BY due_at DESC
       LIMIT 1) AS slot ON true
 ORDER BY s.schedule;
