-- Notices that nobody has taken yet, and since when the first of them waits.
SELECT undelivered, oldest_at FROM touchline.notices_waiting;
