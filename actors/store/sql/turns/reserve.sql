-- The next moment at which the source may be asked is the caller's, and the one after it an interval later: when it is,
-- and how many seconds that is from now. No row where it is further away than the longest wait. The commit waits for no
-- disk.
INSERT INTO touchline.pace AS pace (source, next_at)
SELECT %(source)s, clock_timestamp() + make_interval(secs => %(interval)s)
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS without_waiting
ON CONFLICT (source) DO UPDATE
SET next_at = greatest(clock_timestamp(), pace.next_at) + make_interval(secs => %(interval)s)
    WHERE pace.next_at <= clock_timestamp() + make_interval(secs => %(longest)s)
RETURNING next_at - make_interval(secs => %(interval)s) AS at,
          greatest(0, extract(epoch FROM next_at - make_interval(secs => %(interval)s) - clock_timestamp()))::float8 AS wait
