-- Where a run stands, for whoever waits for it: until the matches that it no longer lists are withdrawn, it runs.
SELECT CASE WHEN EXISTS (SELECT FROM touchline.run_parts AS p WHERE p.run_id = run.run_id AND p.withdrawal_due)
            THEN 'running' ELSE run.state END AS state,
       found, inserted, updated, unchanged, stale, dead, error
FROM public.runs AS run WHERE run_id = %(run_id)s
