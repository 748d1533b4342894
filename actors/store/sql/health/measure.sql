-- What each part of the run lists: how many of the stored matches it leaves out, which of its official tables are without
-- any match, and how many of its teams nobody had named before. Only what was seen at the part's own observation counts,
-- nothing that earlier runs left behind; once something newer was stored of the part that can no longer be told, and what
-- was measured before stays.
UPDATE touchline.run_parts AS p
SET listed = measured.listed
FROM touchline.run_accounts AS run
CROSS JOIN touchline.run_parts AS read
JOIN touchline.frontier AS f ON f.source = run.source AND f.part = read.part AND f.observed_at = read.observed_at
CROSS JOIN LATERAL (
    -- a part that is read again after a crash sends the same rows in the same messages: stored once, as of the first time
    SELECT least(read.observed_at, min(i.observed_at)) AS since
    FROM jsonb_object_keys(read.messages) AS sent (message_id)
    JOIN touchline.inbox AS i ON i.message_id = sent.message_id::uuid
) AS first
CROSS JOIN LATERAL (
    -- grouped and not joined: of a run that has just been stored the planner expects a row or two, and would compare each
    -- match with each sighting
    WITH stored AS MATERIALIZED (
        SELECT max(season) AS season, max(division) AS division, max(age_group) AS age_group,
               max(home_team_key) AS home_team_key, max(away_team_key) AS away_team_key, bool_or(listed) AS listed
        FROM (
            SELECT m.match_id, m.season, m.division, m.age_group, m.home_team_key, m.away_team_key,
                   m.observed_at >= first.since AS listed, true AS stored
            FROM touchline.matches AS m
            WHERE m.source = run.source AND m.part = read.part AND m.withdrawn_at IS NULL
            UNION ALL
            SELECT unnest(s.match_ids), NULL, NULL, NULL, NULL, NULL, true, false
            FROM touchline.sightings AS s
            WHERE s.source = run.source AND s.observed_at BETWEEN first.since AND read.observed_at
        ) AS each_match
        GROUP BY match_id
        HAVING bool_or(stored)
    ), played AS MATERIALIZED (
        SELECT DISTINCT season, division, age_group FROM stored WHERE listed AND division IS NOT NULL
    ), tables AS (
        SELECT o.division, o.age_group,
               EXISTS (SELECT FROM played
                       WHERE (played.season, played.division, played.age_group) = (o.season, o.division, o.age_group))
                   AS covered
        FROM touchline.official_tables AS o
        WHERE o.source = run.source AND o.part = read.part AND o.observed_at >= first.since
    ), named AS (
        SELECT home_team_key AS team_key FROM stored WHERE listed
        UNION SELECT away_team_key FROM stored WHERE listed
    )
    SELECT jsonb_build_object(
        'stored', (SELECT count(*) FROM stored),
        'missing', (SELECT count(*) FROM stored WHERE NOT listed),
        'tables', (SELECT count(*) FROM tables),
        'uncovered', (SELECT count(*) FROM tables WHERE NOT covered),
        'named', (SELECT coalesce(jsonb_agg(few.name), '[]') FROM (
                      SELECT age_group || ' ' || division AS name FROM tables WHERE NOT covered
                      ORDER BY age_group, division
                      LIMIT %(named)s) AS few),
        'teams', (SELECT count(*) FROM named),
        'new_teams', (SELECT count(*) FROM named
                      WHERE EXISTS (
                          -- OFFSET 0: by key, whatever the statistics say
                          SELECT FROM touchline.teams AS t
                          WHERE t.source = run.source AND t.team_key = named.team_key AND t.first_run_id = run.run_id
                          OFFSET 0))) AS listed
) AS measured
WHERE run.run_id = %(run_id)s AND read.run_id = run.run_id AND NOT read.failed AND read.found > 0
  AND p.run_id = read.run_id AND p.part = read.part
