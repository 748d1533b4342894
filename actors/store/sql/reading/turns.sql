-- Who reads which source now: `touchline sources`.
SELECT source, run_id, host, pid, since FROM touchline.turns
WHERE expires_at > clock_timestamp()
ORDER BY source, place;
