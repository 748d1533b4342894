-- Orders of parts that died are over, until a person replays them. Of one that is replayed the letter is no longer open.
UPDATE touchline.orders AS o
SET state = 'dead', outcome = 'the order died: ' || letter.error, touched_at = letter.died_at
FROM touchline.dead AS letter
WHERE o.state IN ('waiting', 'running')
  AND letter.carrier = o.message_id AND letter.kind = 'message' AND letter.state = 'open'
