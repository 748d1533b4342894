-- Who takes a turn of a source does it alone, until the transaction ends: the statement that follows sees what those
-- before have committed. Another source with the same hash waits for a moment, too.
SELECT pg_advisory_xact_lock(hashtext('touchline.turns'), hashtext(%(source)s))
