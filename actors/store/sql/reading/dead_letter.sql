-- One dead letter with everything that is known about it, and what people did about it, oldest first.
SELECT letter.dead_id AS id, letter.kind, letter.state, letter.queue, letter.actor, letter.source, letter.match_id,
       letter.run_id, letter.message_id, letter.part, letter.observed_at, letter.reason, letter.error, letter.attempts,
       letter.first_failed_at, letter.died_at, letter.settled_at,
       coalesce((
           SELECT jsonb_agg(jsonb_build_object(
                      'act', act.act,
                      'at', to_char(act.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      'by', act.by_whom, 'why', act.why, 'outcome', act.outcome,
                      'outcome_at', to_char(act.outcome_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                      'error', act.error) ORDER BY act.act_id)
             FROM touchline.letter_acts AS act
            WHERE act.dead_id = letter.dead_id), '[]') AS history,
       letter.traceback, letter.payload, letter.body
  FROM touchline.letters AS letter
 WHERE letter.dead_id = %(id)s::bigint;
