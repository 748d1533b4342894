-- The message ended without its worker: well, badly or dead, but not by a crash.
DELETE FROM touchline.starts WHERE message_id = %(message_id)s
