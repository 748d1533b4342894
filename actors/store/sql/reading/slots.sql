-- Slots, latest first: what was decided about each, how far its order came, and the account of its run. A run that
-- found nothing new has none.
SELECT slot.schedule, slot.due_at, slot.state, slot.outcome, slot.run_id, slot.attempts, slot.claimed_at,
       slot.published_at, slot.started_at, slot.ended_at,
       run.state AS run_state, run.found, run.inserted, run.updated, run.error AS run_error
  FROM touchline.slot_states AS slot
  LEFT JOIN public.runs AS run ON run.run_id = slot.run_id
 WHERE (%(schedule)s::text IS NULL OR slot.schedule = %(schedule)s)
   AND (%(state)s::text IS NULL OR slot.state = %(state)s)
   AND (%(since)s::timestamptz IS NULL OR slot.due_at >= %(since)s)
 ORDER BY slot.due_at DESC, slot.schedule
 LIMIT %(limit)s::bigint;
