-- How letters stand: the state, and the newest act on each with what came of it.
SELECT letter.dead_id AS id, letter.kind, letter.queue, letter.actor, letter.source, letter.match_id, letter.state,
       letter.settled_at, act.act, act.at, act.by_whom, act.why, act.outcome, act.outcome_at
FROM touchline.dead AS letter
LEFT JOIN LATERAL (
    SELECT * FROM touchline.dead_acts AS a WHERE a.dead_id = letter.dead_id ORDER BY a.act_id DESC LIMIT 1
) AS act ON true
WHERE letter.dead_id = ANY(%(ids)s)
