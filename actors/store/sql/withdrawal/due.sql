-- The parts of which something is left to do; a run that is read anew is left alone until it has ended again.
SELECT p.run_id, run.source, p.part
FROM touchline.run_parts AS p
JOIN touchline.run_accounts AS run USING (run_id)
WHERE p.withdrawal_due AND run.state <> 'running'
ORDER BY run.source, p.part, run.started_at
