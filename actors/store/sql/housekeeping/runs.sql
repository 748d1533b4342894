-- Accounts of runs that ended so long ago, with their parts. Kept are those that have an open dead letter, and the last
-- good one of each scope, which the next is held against.
WITH good AS MATERIALIZED (
    SELECT DISTINCT ON (source, params - 'full') run_id
    FROM touchline.run_accounts
    WHERE state = 'succeeded' AND NOT params ? 'reparse'
    ORDER BY source, params - 'full', started_at DESC
), gone AS (
    DELETE FROM touchline.run_accounts
    WHERE run_id IN (
        SELECT run.run_id
        FROM touchline.run_accounts AS run
        WHERE run.state <> 'running' AND run.finished_at < now() - make_interval(days => %(days)s)
          AND NOT EXISTS (SELECT FROM good WHERE good.run_id = run.run_id)
          AND NOT EXISTS (
              SELECT FROM touchline.dead AS letter WHERE letter.run_id = run.run_id AND letter.state = 'open')
        ORDER BY run.started_at
        LIMIT %(limit)s
        FOR UPDATE OF run SKIP LOCKED)
    RETURNING run_id
), parts AS (
    DELETE FROM touchline.run_parts WHERE run_id IN (SELECT run_id FROM gone)
)
SELECT run_id FROM gone
