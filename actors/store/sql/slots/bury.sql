-- Slots whose order died are over, until a person replays it. Of one that is replayed the letter is no longer open.
UPDATE touchline.slots AS slot
SET state = 'dead', outcome = 'the order died: ' || letter.error, ended_at = letter.died_at
FROM touchline.dead AS letter
WHERE slot.state IN ('claimed', 'published', 'running')
  AND letter.carrier = slot.message_id AND letter.kind = 'message' AND letter.state = 'open'
