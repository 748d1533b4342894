-- Notices that are on their way: handed to the queue, and not taken by the receiver. Those that nobody is to be told of
-- are never handed over.
SELECT undelivered AS notices FROM touchline.notices_waiting;
