-- What the HTTP API stands on: jobs that programs order, and the order in which changes can be followed.

-- A job is the slot of its run (touchline.slots, schedule "(api)"), which says how far its order came. What stands here
-- is by what it is known again: whoever asks twice with the same key gets the same job.
CREATE TABLE touchline.jobs (
    run_id       uuid PRIMARY KEY,
    -- SHA-256 of the Idempotency-Key, which may be somebody's secret; NULL where none was sent
    key_digest   bytea UNIQUE,
    -- SHA-256 of what was asked for, so that a key is not used for something else
    asked_digest bytea NOT NULL,
    source       text NOT NULL,
    -- what was asked for: scope and full, as the order says them
    params       jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX jobs_time ON touchline.jobs (created_at, run_id);

-- How far a job came. The order's own fate first: without a tick nobody writes a dead one into its slot. A run that
-- found nothing new says nothing, and has no account: its job is done, and `outcome` says so.
CREATE VIEW touchline.job_states AS
SELECT job.run_id, job.source, job.params, job.created_at, slot.published_at AS confirmed_at, slot.started_at,
       coalesce(run.finished_at, slot.ended_at, letter.died_at) AS finished_at,
       CASE WHEN run.state IS NOT NULL AND (run.state <> 'running' OR letter.error IS NULL) THEN run.state
            WHEN letter.error IS NOT NULL OR slot.state = 'dead' THEN 'dead'
            WHEN slot.state = 'claimed' THEN 'unconfirmed'
            WHEN slot.state = 'published' THEN 'queued'
            ELSE coalesce(slot.state, 'done') END AS state,
       run.found, run.inserted, run.updated, run.unchanged, run.stale, run.dead,
       coalesce(run.error, letter.error) AS error, slot.outcome, letter.dead_id AS dead_letter
FROM touchline.jobs AS job
LEFT JOIN touchline.slots AS slot USING (run_id)
LEFT JOIN public.runs AS run USING (run_id)
LEFT JOIN LATERAL (
    SELECT dead_id, error, died_at FROM touchline.dead
    WHERE carrier = slot.message_id AND kind = 'message' AND state = 'open'
    LIMIT 1) AS letter ON true;

-- The transaction that a change was written by. What is written later may be seen earlier, since a transaction is seen
-- when it ends: only by this can be told what no other change will come before any more. NULL: from before this column.
ALTER TABLE touchline.changes ADD COLUMN changed_in xid8;
ALTER TABLE touchline.changes ALTER COLUMN changed_in SET DEFAULT pg_current_xact_id();
CREATE INDEX changes_order ON touchline.changes (changed_in, change_id) WHERE changed_in IS NOT NULL;

-- Changes with what their order is made of, for reading/api_changes.sql.
CREATE VIEW touchline.change_feed AS
SELECT changed_in, change_id, source, match_id, field, old, new, changed_at, run_id FROM touchline.changes;
