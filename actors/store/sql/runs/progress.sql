-- Where a run stands, for whoever waits for it.
SELECT state, found, inserted, updated, unchanged, stale, dead, error FROM public.runs WHERE run_id = %(run_id)s
