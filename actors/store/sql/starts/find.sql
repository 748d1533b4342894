-- Whether a message was begun after it had been delivered before, and has not ended since.
SELECT 1 FROM touchline.starts WHERE message_id = %(message_id)s
