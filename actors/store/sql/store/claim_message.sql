-- Writes the message's id into the inbox, and names the letter that the message carries. No row comes back where the id
-- was there: it was stored, or it was dead.
WITH claimed AS (
    INSERT INTO touchline.inbox (message_id, observed_at) VALUES (%(message_id)s, %(observed_at)s)
    ON CONFLICT DO NOTHING
    RETURNING message_id
)
SELECT (SELECT letter.dead_id FROM touchline.dead AS letter WHERE letter.carrier = claimed.message_id) FROM claimed
