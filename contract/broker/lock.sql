-- Whoever makes the tables does so alone, until it disconnects.
SELECT pg_advisory_lock(hashtext('touchline_queue'), hashtext('make'));
