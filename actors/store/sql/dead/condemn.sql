-- A message is given up: written into the inbox as dead, and locked there. No row comes back where it was stored, which
-- is its fate then.
INSERT INTO touchline.inbox AS known (message_id, dead) VALUES (%(message_id)s, true)
ON CONFLICT (message_id) DO UPDATE SET dead = true WHERE known.dead
RETURNING 1
