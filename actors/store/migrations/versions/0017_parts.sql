-- What each part of a run came to, for the console: also the parts that it said it would read and that have not ended.
CREATE VIEW touchline.part_states AS
SELECT run_id, part,
       CASE WHEN interrupted THEN 'interrupted' WHEN failed THEN 'failed' ELSE 'done' END AS state,
       found, complete, not_modified, observed_at, error, ended_at
FROM touchline.run_parts
UNION ALL
SELECT run.run_id, named.part, CASE run.state WHEN 'running' THEN 'running' ELSE 'not read' END,
       NULL, NULL, NULL, NULL, NULL, NULL
FROM touchline.run_accounts AS run
CROSS JOIN unnest(run.parts) AS named (part)
WHERE NOT EXISTS (SELECT FROM touchline.run_parts AS ended WHERE ended.run_id = run.run_id AND ended.part = named.part);
