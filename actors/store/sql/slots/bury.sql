-- Slots whose order died are over, until a person replays it. Of one that is replayed the letter is no longer open. One
-- whose order was divided is over when none of those it became is on its way, and one of them died.
UPDATE touchline.slots AS slot
SET state = 'dead', outcome = died.outcome, ended_at = died.ended_at
FROM (
    SELECT slot.run_id, 'the order died: ' || letter.error AS outcome, letter.died_at AS ended_at
    FROM touchline.slots AS slot
    JOIN touchline.dead AS letter ON letter.carrier = slot.message_id
    WHERE slot.state IN ('claimed', 'published', 'running') AND letter.kind = 'message' AND letter.state = 'open'
    UNION ALL
    SELECT slot.run_id, left(string_agg(o.part || ': ' || o.outcome, '; ' ORDER BY o.part), 2000), max(o.touched_at)
    FROM touchline.slots AS slot
    JOIN touchline.orders AS o USING (run_id)
    WHERE slot.state IN ('claimed', 'published', 'running')
    GROUP BY slot.run_id
    HAVING bool_or(o.state = 'dead') AND NOT bool_or(o.state IN ('waiting', 'running'))
) AS died
WHERE slot.run_id = died.run_id
