-- What the run has come to by its own word: finished if every part that it named has ended and everything that they sent
-- is accounted for. No row comes back for a run that goes on; one that was given up and goes on after all is `running`.
-- The run's row is locked by now, so of two messages that both could be the last the second sees the first.
WITH ended AS (
    SELECT run.parts, run.judged,
           run.inserted + run.updated + run.unchanged + run.stale + run.dead AS accounted,
           coalesce(bool_or(p.part = '') OR count(*) FILTER (WHERE p.part = ANY(run.parts)) = cardinality(run.parts),
                    false) AS complete,
           count(*) FILTER (WHERE NOT p.failed) AS read,
           coalesce(sum(p.found), 0) AS found,
           bool_or(p.failed) AS failed,
           bool_or(p.interrupted) AS interrupted,
           bool_and(p.not_modified) AS not_modified,
           bool_or(p.not_modified) AS partly,
           array_to_string((array_agg(p.part ORDER BY p.part) FILTER (WHERE NOT p.not_modified))[1:5], ', ') AS empty,
           (array_agg(p.error ORDER BY p.interrupted DESC, p.ended_at) FILTER (WHERE p.failed))[1] AS error,
           string_agg(p.error, '; ' ORDER BY p.part) FILTER (WHERE NOT p.failed) AS notices
    FROM touchline.run_accounts AS run
    LEFT JOIN touchline.run_parts AS p USING (run_id)
    WHERE run.run_id = %(run_id)s
    GROUP BY run.run_id
), looked AS (
    -- the inbox is asked only once the numbers say that all may be there: not for each batch in the middle of a run.
    -- They alone do not do: rows of an earlier reading of a part would stand in for those that are missing
    SELECT ended.*, CASE WHEN complete AND accounted >= found THEN NOT EXISTS (
               SELECT FROM touchline.run_parts AS p CROSS JOIN LATERAL jsonb_object_keys(p.messages) AS sent (message_id)
               WHERE p.run_id = %(run_id)s
                 AND NOT EXISTS (SELECT FROM touchline.inbox AS i WHERE i.message_id = sent.message_id::uuid))
           ELSE false END AS arrived
    FROM ended
)
SELECT CASE WHEN NOT arrived THEN 'running'
            WHEN interrupted THEN 'interrupted'
            WHEN failed THEN 'failed'
            WHEN found = 0 AND NOT not_modified THEN 'suspect'
            ELSE 'succeeded' END AS state,
       CASE WHEN NOT arrived THEN NULL
            WHEN interrupted THEN format('%%s; parts read: %%s of %%s; matches that arrived: %%s', error, read,
                                         cardinality(parts), to_char(accounted, 'FM999,999,990'))
            WHEN failed THEN error
            WHEN found = 0 AND partly AND NOT not_modified THEN concat_ws(
                '; ', format('the site lists no match at all in %%s, and nothing new in the rest', empty), notices)
            WHEN found = 0 AND NOT not_modified THEN 'the site listed no match at all in what was asked for'
            ELSE notices END AS error,
       CASE WHEN arrived THEN accounted - found ELSE 0 END AS extra
FROM looked
WHERE arrived OR judged
