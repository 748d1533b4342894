-- Whether the caller may look for dead letters to tell of; of several at once one may, until its transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('touchline.news', 0))
