-- Whether the part has been seen later than this observation; its frontier is locked by now.
SELECT observed_at > %(observed_at)s FROM touchline.frontier WHERE source = %(source)s AND part = %(part)s
