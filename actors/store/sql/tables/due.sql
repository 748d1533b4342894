-- Sources that publish tables, of which a whole reading has ended well since these were compared. A run with a filter,
-- or one whose missing matches are not withdrawn yet, leaves matches older than the tables.
SELECT publishing.source, run.run_id
FROM (SELECT DISTINCT source FROM touchline.official_tables) AS publishing
CROSS JOIN LATERAL (
    SELECT r.run_id
    FROM touchline.run_accounts AS r
    WHERE r.source = publishing.source AND r.state = 'succeeded' AND r.finished_at IS NOT NULL
      AND NOT r.params ?| ARRAY['age_groups', 'divisions', 'teams', 'date_from', 'date_to', 'reparse']
    ORDER BY r.started_at DESC
    LIMIT 1) AS run
LEFT JOIN touchline.comparisons AS compared ON compared.source = publishing.source
WHERE compared.run_id IS DISTINCT FROM run.run_id
  AND NOT EXISTS (SELECT FROM touchline.run_parts AS p WHERE p.run_id = run.run_id AND p.withdrawal_due)
ORDER BY publishing.source
