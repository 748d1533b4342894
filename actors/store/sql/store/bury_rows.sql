-- Rows of a message that cannot be stored, kept with their reasons until a person acts. A message that was made to bring
-- one such row again brings back its letter, which gets another carrier: this message's id is used up.
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r (match_id text, reason text, error text, payload text, body text)
), again AS (
    UPDATE touchline.dead AS letter
    SET state = CASE letter.state WHEN 'dropped' THEN letter.state ELSE 'open' END, settled_at = NULL, told_at = NULL,
        reason = r.reason, error = r.error, traceback = NULL, died_at = now(),
        attempts = letter.attempts + 1, carrier = gen_random_uuid()
    FROM incoming AS r
    WHERE letter.carrier = %(message_id)s AND letter.kind = 'match'
    RETURNING letter.dead_id, letter.error
), died AS (
    UPDATE touchline.dead_acts AS act
    SET outcome = 'died', outcome_at = now(), error = again.error
    FROM again
    WHERE act.act_id = (SELECT max(n.act_id) FROM touchline.dead_acts AS n
                        WHERE n.dead_id = again.dead_id AND n.act = 'replay')
)
INSERT INTO touchline.dead (kind, queue, actor, message_id, run_id, source, match_id, part, observed_at, reason, error,
                            payload, body)
SELECT 'match', %(queue)s, %(actor)s, %(message_id)s, %(run_id)s, %(source)s, r.match_id, %(part)s, %(observed_at)s,
       r.reason, r.error, r.payload::jsonb, r.body
FROM incoming AS r
WHERE NOT EXISTS (SELECT FROM again)
