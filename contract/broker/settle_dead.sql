-- A dead message is kept elsewhere by now.
DELETE FROM touchline_queue.queue WHERE message_id = %(message_id)s AND state = 'rejected';
