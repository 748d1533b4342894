-- A sign of life of a run, and its row where the event overtook the first one. Locks the run for `settle`.
INSERT INTO touchline.run_accounts AS run (run_id, source) VALUES (%(run_id)s, %(source)s)
ON CONFLICT (run_id) DO UPDATE SET last_sign_at = now()
