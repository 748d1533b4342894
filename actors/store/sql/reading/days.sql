-- Of each of the last days, oldest first and today's last: how many matches runs have stored for the first time that day,
-- how many they have found changed, and how many runs began. Days are UTC's; runs that housekeeping has forgotten are not
-- counted.
SELECT day::date AS day, coalesce(sum(run.inserted), 0)::bigint AS inserted,
       coalesce(sum(run.updated), 0)::bigint AS updated, count(run.run_id) AS runs
  FROM generate_series(date_trunc('day', now(), 'UTC') - make_interval(days => %(days)s::int - 1),
                       date_trunc('day', now(), 'UTC'), interval '1 day') AS day
  LEFT JOIN public.runs AS run ON run.started_at >= day AND run.started_at < day + interval '1 day'
 GROUP BY day
 ORDER BY day;
