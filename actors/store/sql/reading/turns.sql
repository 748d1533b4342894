-- Who reads which source now: `touchline sources`.
SELECT source, run_id, host, pid, since FROM touchline.readers
ORDER BY source, place;
