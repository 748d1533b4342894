-- The order of a part is begun, or begun again. Says the state that it was in; no row: nobody wrote this order down.
WITH before AS (
    SELECT state FROM touchline.orders WHERE run_id = %(run_id)s AND part = %(part)s FOR UPDATE
), begun AS (
    UPDATE touchline.orders SET state = 'running', touched_at = clock_timestamp(), outcome = NULL
    FROM before
    WHERE run_id = %(run_id)s AND part = %(part)s AND before.state <> 'done'
    RETURNING 1
), slot AS (
    -- the slot that ordered the run is on its way, also where an order of it had died
    UPDATE touchline.slots
    SET state = 'running', touched_at = clock_timestamp(), ended_at = NULL,
        outcome = CASE state WHEN 'dead' THEN NULL ELSE outcome END
    WHERE run_id = %(run_id)s AND state <> 'done' AND EXISTS (SELECT FROM begun)
)
SELECT state FROM before
