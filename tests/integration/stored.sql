-- What a store may hold after a few runs: a result of 0-0, a postponement, a shoot-out in a match that was withdrawn
-- since, another season, another source; changes, runs in three states, dead letters.

INSERT INTO touchline.teams (source, team_key, name, age_group) VALUES
    ('mlsnext', '5748', 'South Florida Football Academy', 'U14'),
    ('mlsnext', '5946', 'Athletum FC Academy', 'U14'),
    ('mlsnext', '6001', 'CF Montréal', 'U14'),
    ('mlsnext', '6002', 'Loggers 100%_', 'U15');

INSERT INTO touchline.teams (source, team_key, name, age_group)
VALUES ('other', 'x', 'X', 'U15'), ('other', 'y', 'Y', 'U15');

INSERT INTO touchline.matches (source, match_id, season, league, match_type, division, age_group, date, kickoff,
        timezone, home_team_key, away_team_key, home_score, away_score, home_penalties, away_penalties, status,
        observed_at, first_seen_at, changed_at, withdrawn_at) VALUES
    ('mlsnext', '26030', '2026-27', 'homegrown', 'League', 'Florida', 'U14', '2026-09-05', '2026-09-05T13:00Z',
        'America/New_York', '5748', '5946', 0, 0, NULL, NULL, 'completed',
        '2026-10-05T10:00Z', '2026-10-01T10:00Z', '2026-10-05T10:01Z', NULL),
    ('mlsnext', '26031', '2026-27', 'homegrown', 'League', 'Florida', 'U14', '2026-09-12', NULL,
        'America/New_York', '5946', '5748', NULL, NULL, NULL, NULL, 'postponed',
        '2026-10-03T10:00Z', '2026-10-01T10:00Z', '2026-10-01T10:00Z', NULL),
    ('mlsnext', '26032', '2026-27', 'flex', 'Flex', NULL, 'U14', '2026-09-04', '2026-09-05T00:30Z',
        'America/New_York', '6001', '5946', 1, 1, 4, 3, 'completed',
        '2026-10-03T10:00Z', '2026-10-01T10:00Z', '2026-10-02T10:00Z', '2026-10-04T10:00Z'),
    ('mlsnext', '15001', '2025-26', 'homegrown', 'League', 'Northeast', 'U15', '2025-09-06', '2025-09-06T13:00Z',
        'No/Zone', '6002', '6001', 16, 1, NULL, NULL, 'completed',
        '2025-10-03T10:00Z', '2025-09-01T10:00Z', '2025-09-07T10:00Z', NULL),
    ('other', '26030', '2026-27', NULL, 'Friendly', NULL, 'U15', NULL, NULL,
        NULL, 'x', 'y', NULL, NULL, NULL, NULL, 'postponed',
        '2026-10-03T10:00Z', '2026-10-03T10:00Z', '2026-10-03T10:00Z', NULL);

INSERT INTO touchline.changes (source, match_id, field, old, new, changed_at, run_id) VALUES
    ('mlsnext', '26032', 'date', '2026-09-11', '2026-09-04', '2026-10-02T10:00Z', '3f2a0000-0000-4000-8000-000000000001'),
    ('mlsnext', '26030', 'status', 'scheduled', 'completed', '2026-10-05T10:01Z', '3f2b0000-0000-4000-8000-000000000002'),
    ('mlsnext', '26030', 'home_score', NULL, '0', '2026-10-05T10:01Z', '3f2b0000-0000-4000-8000-000000000002'),
    ('mlsnext', '26030', 'away_score', NULL, '0', '2026-10-05T10:01Z', '3f2b0000-0000-4000-8000-000000000002');

INSERT INTO touchline.run_accounts (run_id, source, params, trigger, started_at, finished_at, state, inserted, updated,
        unchanged, dead, error) VALUES
    ('3f2a0000-0000-4000-8000-000000000001', 'mlsnext', '{"leagues": ["flex"]}', 'cli', '2026-10-02T09:59Z', '2026-10-02T10:02:05Z', 'succeeded',
        4, 0, 0, 1, NULL),
    ('3f2b0000-0000-4000-8000-000000000002', 'mlsnext', '{}', 'schedule', '2026-10-05T10:00Z', '2026-10-05T10:01Z', 'suspect',
        0, 1, 3, 0, 'found 4 where the last good run found 400'),
    ('aaaa0000-0000-4000-8000-000000000003', 'other', '{}', 'cli', '2026-10-06T10:00Z', NULL, 'running',
        0, 0, 0, 0, NULL);

INSERT INTO touchline.run_parts (run_id, part, failed, found, batches, ended_at) VALUES
    ('3f2a0000-0000-4000-8000-000000000001', 'flex', false, 5, 1, '2026-10-02T10:01Z'), ('3f2b0000-0000-4000-8000-000000000002', 'homegrown', false, 4, 1, '2026-10-05T10:01Z');

INSERT INTO touchline.dead (kind, queue, actor, run_id, source, match_id, reason, error, traceback, attempts, died_at,
        state, payload) VALUES
    ('match', 'matches', 'store_matches', '3f2a0000-0000-4000-8000-000000000001', 'mlsnext', '26040', 'one_score', 'home_score without away_score',
        NULL, 1, '2026-10-02T10:01Z', 'open', '{"match_id": "26040", "home_team": "Académie"}'),
    ('message', 'runs', 'record_run', NULL, NULL, NULL, 'unknown', 'KeyError: x', 'Traceback
  line', 8,
        '2026-10-03T10:01Z', 'open', '{"kwargs": {}}'),
    ('match', 'matches', 'store_matches', '3f2b0000-0000-4000-8000-000000000002', 'mlsnext', '26041', 'one_score', 'x', NULL, 1,
        '2026-10-05T10:01Z', 'dropped', '{}');
