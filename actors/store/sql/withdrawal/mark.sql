-- Of runs that have ended: the parts whose missing matches have to be withdrawn yet, or listed again because the run, or
-- the part, is no good after all. Whoever carries that out does it in a transaction of its own.
UPDATE touchline.run_parts AS p
SET withdrawal_due = true
FROM touchline.run_accounts AS run
WHERE run.run_id = ANY(%(run_ids)s) AND run.state <> 'running' AND p.run_id = run.run_id AND NOT p.withdrawal_due
  AND CASE WHEN run.state = 'succeeded' AND p.complete AND NOT p.failed AND p.found > 0 AND p.observed_at IS NOT NULL
           THEN p.withdrawn_as_of IS DISTINCT FROM p.observed_at
           ELSE p.withdrawn_as_of IS NOT NULL END
