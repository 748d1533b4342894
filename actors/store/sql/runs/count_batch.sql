-- Adds a batch's counts to its run; the batch may arrive before the run's first event.
INSERT INTO touchline.run_accounts AS run (run_id, source, inserted, updated, unchanged, stale, dead)
VALUES (%(run_id)s, %(source)s, %(inserted)s, %(updated)s, %(unchanged)s, %(stale)s, %(dead)s)
ON CONFLICT (run_id) DO UPDATE
SET inserted = run.inserted + excluded.inserted, updated = run.updated + excluded.updated,
    unchanged = run.unchanged + excluded.unchanged, stale = run.stale + excluded.stale,
    dead = run.dead + excluded.dead, last_sign_at = now()
