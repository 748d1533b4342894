-- Writes the message's id into the inbox. No row comes back where it was there: a second delivery.
INSERT INTO touchline.inbox (message_id) VALUES (%(message_id)s)
ON CONFLICT DO NOTHING
RETURNING 1
