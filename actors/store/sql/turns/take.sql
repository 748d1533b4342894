-- A free place of the source for the run; no row where there is none, or where this very run has one. Not `now()`,
-- which is the time before the wait for the lock.
INSERT INTO touchline.turns AS turn (source, place, holder, run_id, host, pid, since, expires_at)
SELECT %(source)s, free.place, %(holder)s, %(run_id)s, %(host)s, %(pid)s, statement_timestamp(),
       statement_timestamp() + make_interval(secs => %(lease)s)
FROM generate_series(1, %(places)s) AS free (place)
WHERE NOT EXISTS (
        SELECT FROM touchline.turns AS held
        WHERE held.source = %(source)s AND held.expires_at > statement_timestamp()
          AND (held.place = free.place OR held.run_id = %(run_id)s)
    )
    -- also those above, where the setting was lowered meanwhile
    AND %(places)s > (
        SELECT count(*) FROM touchline.turns AS held
        WHERE held.source = %(source)s AND held.expires_at > statement_timestamp()
    )
ORDER BY free.place
LIMIT 1
ON CONFLICT (source, place) DO UPDATE
SET holder = excluded.holder, run_id = excluded.run_id, host = excluded.host, pid = excluded.pid,
    since = excluded.since, expires_at = excluded.expires_at
    -- renewed in this moment, after all
    WHERE turn.expires_at <= statement_timestamp()
RETURNING place
