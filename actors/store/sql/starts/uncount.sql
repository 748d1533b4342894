-- The message was begun and had to leave before it did anything: as if it had not been begun this time.
WITH less AS (
    UPDATE touchline.starts SET starts = starts - 1 WHERE message_id = %(message_id)s AND starts > 1 RETURNING 1
)
DELETE FROM touchline.starts WHERE message_id = %(message_id)s AND NOT EXISTS (SELECT FROM less)
