-- The slot of a run is over when each of its orders was carried out, and says what they found.
UPDATE touchline.slots AS slot
SET state = 'done', ended_at = clock_timestamp(), touched_at = clock_timestamp(), outcome = carried_out.outcome
FROM (
    SELECT left(string_agg(part || ': ' || outcome, '; ' ORDER BY part), 2000) AS outcome,
           bool_and(state = 'done') AS all_done
    FROM touchline.orders
    WHERE run_id = %(run_id)s
) AS carried_out
WHERE slot.run_id = %(run_id)s AND slot.state <> 'done' AND carried_out.all_done
