-- One run: its account, the slot of a schedule that ordered it, and who reads its source for it now.
SELECT run.run_id, run.source, run.params, run.trigger, run.scheduled_for, run.started_at, run.finished_at, run.state,
       run.found, run.inserted, run.updated, run.unchanged, run.stale, run.dead, run.error,
       extract(epoch FROM run.finished_at - run.started_at)::float8 AS duration_seconds,
       slot.schedule, slot.due_at, slot.outcome AS slot_outcome, reader.host, reader.pid, reader.since AS read_since
  FROM public.runs AS run
  LEFT JOIN touchline.slot_states AS slot ON slot.run_id = run.run_id
  LEFT JOIN LATERAL (
      SELECT host, pid, since FROM touchline.readers WHERE readers.run_id = run.run_id ORDER BY place LIMIT 1
  ) AS reader ON true
 WHERE run.run_id = %(run_id)s::uuid;
