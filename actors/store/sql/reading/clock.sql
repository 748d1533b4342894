-- What is wrong with the clock, if anything: how long ago the last tick was, and of the orders that are on their way how
-- many nobody took for how long; also the schedules whose last slot is dead.
SELECT extract(epoch FROM clock_timestamp() - max(s.ticked_at))::float8 AS seconds_since_tick,
       (SELECT count(*) FROM touchline.slot_states WHERE state = 'claimed') AS claimed,
       (SELECT extract(epoch FROM clock_timestamp() - min(claimed_at))::float8
          FROM touchline.slot_states WHERE state = 'claimed') AS claimed_seconds,
       (SELECT extract(epoch FROM clock_timestamp() - min(published_at))::float8
          FROM touchline.slot_states WHERE state = 'published') AS waiting_seconds,
       (SELECT array_agg(last.schedule ORDER BY last.schedule)
          FROM (SELECT DISTINCT ON (schedule) schedule, state FROM touchline.slot_states
                 WHERE state NOT IN ('skipped', 'missed')
                   -- no schedule: what died of jobs is known by its dead letter, and no later slot would mend it
                   AND schedule <> '(api)'
                 ORDER BY schedule, due_at DESC) AS last
         WHERE last.state = 'dead') AS dead
  FROM touchline.schedule_states AS s;
