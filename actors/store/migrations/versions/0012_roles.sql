-- What our own commands and metrics read beside the five public views, so that a role that may only read needs no table.
-- Other programs should not build on these: they may change with any version. Who may read them says grants.sql.

-- An extension of the account's order: the last run of each source, asked every few seconds.
CREATE INDEX run_accounts_source ON touchline.run_accounts (source, started_at);

-- For filters by team and division: `touchline matches`, `changes`, `table`.
CREATE VIEW touchline.team_labels AS
SELECT source, team_key, name FROM touchline.teams;

CREATE VIEW touchline.division_labels AS
SELECT source, league, season, division, age_group FROM touchline.divisions;

-- Divisions that are played in: one that all matches have left since, or are withdrawn from, is none.
CREATE VIEW touchline.played_divisions AS
SELECT d.source, d.league, d.season, d.division, d.age_group
FROM touchline.divisions AS d
WHERE EXISTS (
    SELECT FROM touchline.matches AS m
    WHERE m.division = d.division AND m.age_group = d.age_group AND m.season = d.season
      AND m.source = d.source AND coalesce(m.league, '') = d.league AND m.withdrawn_at IS NULL
    OFFSET 0 LIMIT 1);

CREATE VIEW touchline.published_tables AS
SELECT source, season, league, division, age_group FROM touchline.official_tables;

-- `touchline dead list`, `show`: what the public view does not show, and what people did about a letter.
CREATE VIEW touchline.letters AS
SELECT dead_id, kind, queue, actor, message_id, run_id, source, match_id, part, observed_at, reason, error, traceback,
       attempts, replays, first_failed_at, died_at, settled_at, state, payload, body
FROM touchline.dead;

CREATE VIEW touchline.letter_acts AS
SELECT act_id, dead_id, act, at, by_whom, why, outcome, outcome_at, error FROM touchline.dead_acts;

-- `touchline scrape --wait`: until the matches that a run no longer lists are withdrawn, it runs.
CREATE VIEW touchline.run_progress AS
SELECT run.run_id,
       CASE WHEN EXISTS (SELECT FROM touchline.run_parts AS p WHERE p.run_id = run.run_id AND p.withdrawal_due)
            THEN 'running' ELSE run.state END AS state,
       run.found, run.inserted, run.updated, run.unchanged, run.stale, run.dead, run.error
FROM public.runs AS run;

-- `touchline schedule list`, `history`, `sources`, `doctor`.
CREATE VIEW touchline.schedule_states AS
SELECT schedule, cron, timezone, considered_until, first_seen_at, ticked_at FROM touchline.schedules;

CREATE VIEW touchline.slot_states AS
SELECT schedule, due_at, run_id, state, outcome, attempts, claimed_at, published_at, started_at, touched_at, ended_at
FROM touchline.slots;

CREATE VIEW touchline.readers AS
SELECT source, place, run_id, host, pid, since FROM touchline.turns WHERE expires_at > clock_timestamp();

-- `touchline metrics`. How long the oldest slot of each schedule has been waiting to be begun, in seconds.
CREATE VIEW touchline.slot_lag AS
SELECT s.schedule,
       greatest(0, coalesce(extract(epoch FROM clock_timestamp() - min(slot.due_at)), 0))::float8 AS lag_seconds,
       count(slot.due_at) AS waiting, s.ticked_at
FROM touchline.schedules AS s
LEFT JOIN touchline.slots AS slot ON slot.schedule = s.schedule AND slot.state IN ('claimed', 'published')
GROUP BY s.schedule;

-- News of the last day that has not reached anybody; what is older is history, or a dead letter.
CREATE VIEW touchline.notices_waiting AS
SELECT count(*) FILTER (WHERE published_at IS NULL) AS unpublished,
       count(*) FILTER (WHERE published_at IS NOT NULL) AS undelivered,
       min(created_at) AS oldest_at
FROM touchline.news
WHERE delivered_at IS NULL AND created_at > now() - interval '1 day';

-- The last run of each source that has ended and read its site, and when the last good one ended. By one look into the
-- index a source, however many runs there are.
CREATE VIEW touchline.last_runs AS
WITH RECURSIVE named AS (
    SELECT min(source) AS source FROM touchline.run_accounts
    UNION ALL
    SELECT (SELECT min(run.source) FROM touchline.run_accounts AS run WHERE run.source > named.source)
    FROM named WHERE named.source IS NOT NULL
)
SELECT run.source, run.run_id, run.state, run.started_at, run.finished_at,
       (SELECT coalesce(sum(part.found), 0)::integer FROM touchline.run_parts AS part WHERE part.run_id = run.run_id)
           + run.extra AS found,
       run.inserted, run.updated, run.unchanged, run.stale, run.dead, good.finished_at AS last_good_at
FROM named
CROSS JOIN LATERAL (
    SELECT * FROM touchline.run_accounts AS ended
    WHERE ended.source = named.source AND ended.finished_at IS NOT NULL AND NOT ended.params ? 'reparse'
    ORDER BY ended.started_at DESC
    LIMIT 1
) AS run
LEFT JOIN LATERAL (
    SELECT finished_at FROM touchline.run_accounts AS ended
    WHERE ended.source = named.source AND ended.state = 'succeeded' AND ended.finished_at IS NOT NULL
      AND NOT ended.params ? 'reparse'
    ORDER BY ended.started_at DESC
    LIMIT 1
) AS good ON true;

-- Matches that should have a score by now: kicked off more than six hours ago, or without a kick-off two days ago, in the
-- last 30 days; neither called off nor withdrawn. A source without any has its 0.
CREATE VIEW touchline.matches_behind AS
SELECT source, count(*) FILTER (
           WHERE status = 'scheduled' AND withdrawn_at IS NULL
             AND CASE WHEN kickoff IS NULL THEN date < current_date - 1 ELSE kickoff < now() - interval '6 hours' END)
           AS matches
FROM touchline.matches
WHERE date BETWEEN current_date - 30 AND current_date
GROUP BY source;
