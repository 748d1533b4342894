-- A job, unless there is one with its key: whoever comes second waits for the first, and gets no row.
INSERT INTO touchline.jobs (run_id, key_digest, asked_digest, source, params)
VALUES (%(run_id)s, %(key_digest)s, %(asked_digest)s, %(source)s, %(params)s)
ON CONFLICT DO NOTHING
RETURNING run_id
