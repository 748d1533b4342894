-- The letter that a message carries, locked: who replays it at this moment has committed by then.
SELECT dead_id, state, replays FROM touchline.dead WHERE carrier = %(message_id)s
FOR UPDATE
