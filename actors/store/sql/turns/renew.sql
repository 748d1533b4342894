-- The turn goes on. Also one that has expired, as long as nobody else took it; no row where somebody did.
UPDATE touchline.turns SET expires_at = statement_timestamp() + make_interval(secs => %(lease)s)
WHERE source = %(source)s AND place = %(place)s AND holder = %(holder)s
RETURNING place
