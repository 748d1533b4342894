-- Whether the queue's table is of a version that counts deliveries.
SELECT 1 FROM information_schema.columns
WHERE table_schema = 'touchline_queue' AND table_name = 'queue' AND column_name = 'deliveries';
