-- A part that finished or failed. Said again (the part was read again), the later word counts; but that nothing was
-- modified since it was read says nothing about what was found then. Messages of a run from before the horizon the inbox
-- cannot be asked for any more (actors.store.housekeeping): such a run is counted by its rows.
INSERT INTO touchline.run_parts AS p (run_id, part, failed, interrupted, found, batches, messages, complete, not_modified,
                                      observed_at, kind, error, ended_at)
VALUES (%(run_id)s, %(part)s, %(failed)s, %(interrupted)s, %(found)s, %(batches)s,
        (SELECT %(messages)s::jsonb WHERE NOT EXISTS (
            SELECT FROM touchline.run_accounts AS run, touchline.horizon AS h
            WHERE run.run_id = %(run_id)s AND run.started_at < h.before)),
        %(complete)s, %(not_modified)s, %(observed_at)s, %(kind)s, %(error)s, %(at)s)
ON CONFLICT (run_id, part) DO UPDATE
SET failed = excluded.failed, interrupted = excluded.interrupted, found = excluded.found, batches = excluded.batches,
    messages = excluded.messages, complete = excluded.complete, not_modified = excluded.not_modified,
    observed_at = excluded.observed_at, kind = excluded.kind, error = excluded.error, ended_at = excluded.ended_at
WHERE p.ended_at <= excluded.ended_at AND (p.failed OR NOT excluded.not_modified)
