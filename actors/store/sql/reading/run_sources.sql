-- The sources that a run has ended of, for filters.
SELECT source FROM touchline.last_runs ORDER BY source;
