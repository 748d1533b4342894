-- What has to be done about a part: whether its missing matches are withdrawn, as of which observation, or those that it
-- withdrew as of that one are listed again. `since`: the oldest observation that its messages were stored as. A part that
-- is read again after a crash sends the same rows in the same messages, which the inbox knows. `unknown`: rows of the run died of which nobody knows which match they are.
-- `confirmed`: another good run of the same observation did not see them either.
SELECT wanted.good, CASE WHEN wanted.good THEN p.observed_at ELSE p.withdrawn_as_of END AS as_of,
       (SELECT least(p.observed_at, min(i.observed_at))
        FROM jsonb_object_keys(p.messages) AS sent (message_id)
        JOIN touchline.inbox AS i ON i.message_id = sent.message_id::uuid) AS since,
       run.dead > 0 AND EXISTS (
           SELECT FROM touchline.dead AS letter
           WHERE letter.run_id = run.run_id AND letter.rows > 0 AND (letter.kind = 'message' OR letter.match_id IS NULL)
             AND NOT (letter.state = 'replayed' AND letter.settled_at IS NOT NULL)) AS unknown,
       EXISTS (
           SELECT FROM touchline.run_parts AS same
           JOIN touchline.run_accounts AS other ON other.run_id = same.run_id
           WHERE same.part = p.part AND same.observed_at = p.withdrawn_as_of AND same.withdrawn_as_of = p.withdrawn_as_of
             AND same.run_id <> p.run_id AND other.source = run.source AND other.state = 'succeeded') AS confirmed
FROM touchline.run_accounts AS run
JOIN touchline.run_parts AS p USING (run_id)
CROSS JOIN LATERAL (
    SELECT run.state = 'succeeded' AND p.complete AND NOT p.failed AND p.found > 0 AND p.observed_at IS NOT NULL AS good
) AS wanted
WHERE run.run_id = %(run_id)s AND p.part = %(part)s AND p.withdrawal_due AND run.state <> 'running'
