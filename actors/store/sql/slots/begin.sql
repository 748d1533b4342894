-- The run of a slot begins, or begins again. Says the state that it was in; no row: no slot ordered this run.
WITH before AS (
    SELECT schedule, due_at, state FROM touchline.slots WHERE run_id = %(run_id)s FOR UPDATE
), begun AS (
    UPDATE touchline.slots AS slot
    SET state = 'running', started_at = coalesce(slot.started_at, clock_timestamp()), touched_at = clock_timestamp(),
        attempts = slot.attempts + 1, ended_at = NULL,
        outcome = CASE before.state WHEN 'dead' THEN NULL ELSE slot.outcome END
    FROM before
    WHERE slot.schedule = before.schedule AND slot.due_at = before.due_at AND before.state <> 'done'
)
SELECT state FROM before
