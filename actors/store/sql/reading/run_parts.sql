-- The parts of a run: what each was asked for and found, in the order of their names; one that is asked for and has not
-- ended has no times. The run as a whole, where it failed outside its parts, has an empty name and comes first.
SELECT part, state, found, complete, not_modified, observed_at, error, ended_at
  FROM touchline.part_states
 WHERE run_id = %(run_id)s::uuid
 ORDER BY part
 LIMIT %(limit)s::bigint;
