-- The letter was sent again, and who did it. It starts with a clean slate, should it have killed workers before.
WITH letter AS (
    UPDATE touchline.dead
    SET state = 'replayed', settled_at = NULL, replays = replays + 1, earlier_attempts = attempts
    WHERE dead_id = %(dead_id)s
    RETURNING dead_id, carrier
), forgotten AS (
    DELETE FROM touchline.starts AS s USING letter WHERE s.message_id = letter.carrier
)
INSERT INTO touchline.dead_acts (dead_id, act, by_whom)
SELECT dead_id, 'replay', %(by)s FROM letter
