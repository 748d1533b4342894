-- Whether the caller may hold tables against the official ones; of several at once one may, until its transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('touchline.tables', 0))
