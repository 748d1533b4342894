-- The rules of each league as `touchline migrate` read them from actors/rules and from the settings (docs/tables.md).
CREATE TABLE touchline.league_rules (
    -- as matches.league; `default` holds for leagues that nobody wrote rules for, and for sources that have none
    league        text PRIMARY KEY,
    win           smallint NOT NULL,
    draw          smallint NOT NULL,
    loss          smallint NOT NULL,
    -- a draw that was decided on penalties
    shootout_win  smallint NOT NULL,
    shootout_loss smallint NOT NULL,
    -- patterns of LIKE
    match_types   text[] NOT NULL,
    forfeits      boolean NOT NULL,
    -- the names of the tie-breakers in their order
    ranking       text[] NOT NULL
);

-- A team's matches count in the table of the division they are played in, where the team stands in it; a match between
-- brackets counts in each team's own table (SOURCES section 1, "League tables"). Divisions without an official list
-- of teams take the teams that play in them.
--
-- Each team has the worth of all its tie-breakers, in the order of its league's rules, the higher the better; what is a
-- match's is 0 while nothing was played. Those before head-to-head tell whether exactly two teams are level, which is
-- when it counts; those after it are the rest. By double precision: the quotients of equal fractions are equal.
CREATE VIEW touchline.table_rows AS
WITH members AS (
    SELECT source, season, league, division, age_group, team_key, team, "position" AS official_position
    FROM touchline.official_rows
    UNION ALL
    SELECT DISTINCT d.source, d.season, nullif(d.league, ''), d.division, d.age_group, side.team_key, NULL, NULL::integer
    FROM touchline.divisions AS d
    CROSS JOIN LATERAL (
        -- OFFSET 0: by division, whatever the statistics say
        SELECT m.home_team_key, m.away_team_key
        FROM touchline.matches AS m
        WHERE m.division = d.division AND m.age_group = d.age_group AND m.season = d.season
          AND m.source = d.source AND coalesce(m.league, '') = d.league AND m.withdrawn_at IS NULL
        OFFSET 0) AS listed
    CROSS JOIN LATERAL (VALUES (listed.home_team_key), (listed.away_team_key)) AS side (team_key)
    WHERE NOT EXISTS (
        SELECT FROM touchline.official_tables AS o
        WHERE (o.source, o.season, o.league, o.division, o.age_group)
            = (d.source, d.season, d.league, d.division, d.age_group))
), tallies AS (
    SELECT member.source, member.season, member.league, member.division, member.age_group,
           coalesce((SELECT t.name FROM touchline.teams AS t
                     WHERE t.source = member.source AND t.team_key = member.team_key), member.team) AS team,
           member.team_key AS team_id, member.official_position,
           rules.ranking, tally.*,
           home_for + away_for AS goals_for, home_against + away_against AS goals_against,
           home_played + away_played AS played
    FROM members AS member
    CROSS JOIN LATERAL (
        SELECT * FROM touchline.league_rules AS known
        WHERE known.league IN (member.league, 'default')
        ORDER BY known.league = 'default' AND member.league IS DISTINCT FROM 'default'
        LIMIT 1) AS rules
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE counted.at_home)::integer AS home_played,
               count(*) FILTER (WHERE NOT counted.at_home)::integer AS away_played,
               count(*) FILTER (WHERE counted.gf > counted.ga)::integer AS won,
               count(*) FILTER (WHERE counted.gf = counted.ga)::integer AS drawn,
               count(*) FILTER (WHERE counted.gf < counted.ga)::integer AS lost,
               coalesce(sum(counted.gf) FILTER (WHERE counted.at_home), 0)::integer AS home_for,
               coalesce(sum(counted.ga) FILTER (WHERE counted.at_home), 0)::integer AS home_against,
               coalesce(sum(counted.gf) FILTER (WHERE NOT counted.at_home), 0)::integer AS away_for,
               coalesce(sum(counted.ga) FILTER (WHERE NOT counted.at_home), 0)::integer AS away_against,
               coalesce(sum(counted.points), 0)::integer AS points,
               array_agg(counted.match_id) AS match_ids,
               -- whom it met, and the points that it took in each of these matches
               array_agg(counted.other) AS met, array_agg(counted.points) AS taken
        FROM (
            SELECT side.*, CASE WHEN side.gf > side.ga THEN rules.win
                                WHEN side.gf < side.ga THEN rules.loss
                                WHEN side.pf > side.pa THEN rules.shootout_win
                                WHEN side.pf < side.pa THEN rules.shootout_loss
                                ELSE rules.draw END AS points
            FROM (
                SELECT m.match_id, true AS at_home, m.away_team_key AS other,
                       m.home_score AS gf, m.away_score AS ga, m.home_penalties AS pf, m.away_penalties AS pa,
                       m.season, m.league, m.division, m.age_group, m.match_type, m.status, m.withdrawn_at
                FROM touchline.matches AS m WHERE m.source = member.source AND m.home_team_key = member.team_key
                UNION ALL
                SELECT m.match_id, false, m.home_team_key,
                       m.away_score, m.home_score, m.away_penalties, m.home_penalties,
                       m.season, m.league, m.division, m.age_group, m.match_type, m.status, m.withdrawn_at
                FROM touchline.matches AS m WHERE m.source = member.source AND m.away_team_key = member.team_key
                OFFSET 0  -- by team, and by nothing else: a look into the index of seasons costs more than it saves
            ) AS side
            WHERE side.season = member.season AND side.league IS NOT DISTINCT FROM member.league
              AND (side.status = 'completed' OR (side.status = 'forfeit' AND rules.forfeits AND side.gf IS NOT NULL))
              AND side.withdrawn_at IS NULL
              AND side.match_type LIKE ANY (rules.match_types)
              AND ((side.division = member.division AND side.age_group = member.age_group)
                   OR (member.division = (
                           SELECT min(own.division) FROM touchline.official_rows AS own
                           WHERE own.source = member.source AND own.team_key = member.team_key
                             AND own.season = member.season AND own.league IS NOT DISTINCT FROM member.league)
                       AND NOT EXISTS (
                           SELECT FROM touchline.official_rows AS own
                           WHERE own.source = member.source AND own.team_key = member.team_key
                             AND own.season = member.season AND own.league IS NOT DISTINCT FROM member.league
                             AND own.division = side.division AND own.age_group = side.age_group)))
        ) AS counted
    ) AS tally
), weighed AS (
    SELECT tallies.*, ranks.worth, ranks.cut
    FROM tallies
    CROSS JOIN LATERAL (
        SELECT ARRAY(
                   SELECT CASE breaker.name
                          WHEN 'points_per_match' THEN coalesce(points::float8 / nullif(played, 0), 0)
                          WHEN 'points' THEN points
                          WHEN 'wins' THEN won
                          WHEN 'goal_difference' THEN goals_for - goals_against
                          WHEN 'goal_difference_per_match' THEN
                              coalesce((goals_for - goals_against)::float8 / nullif(played, 0), 0)
                          WHEN 'goals_for' THEN goals_for
                          WHEN 'goals_for_per_match' THEN coalesce(goals_for::float8 / nullif(played, 0), 0)
                          WHEN 'away_goal_difference' THEN away_for - away_against
                          WHEN 'away_goal_difference_per_match' THEN
                              coalesce((away_for - away_against)::float8 / nullif(away_played, 0), 0)
                          WHEN 'away_goals_for' THEN away_for
                          WHEN 'away_goals_for_per_match' THEN coalesce(away_for::float8 / nullif(away_played, 0), 0)
                          WHEN 'home_goal_difference' THEN home_for - home_against
                          WHEN 'home_goal_difference_per_match' THEN
                              coalesce((home_for - home_against)::float8 / nullif(home_played, 0), 0)
                          WHEN 'home_goals_for' THEN home_for
                          WHEN 'home_goals_for_per_match' THEN coalesce(home_for::float8 / nullif(home_played, 0), 0)
                          WHEN 'official_position' THEN coalesce(-official_position::float8, '-Infinity')
                          ELSE 0 END::float8
                   FROM unnest(ranking) WITH ORDINALITY AS breaker (name, place)
                   ORDER BY breaker.place) AS worth,
               coalesce(array_position(ranking, 'head_to_head'), cardinality(ranking) + 1) AS cut
    ) AS ranks
), paired AS (
    SELECT weighed.*, worth[:cut - 1] AS ahead, worth[cut + 1:] AS after,
           CASE WHEN count(*) OVER level = 2 AND cut <= cardinality(ranking) THEN
               CASE min(team_id) OVER level WHEN team_id THEN max(team_id) OVER level ELSE min(team_id) OVER level END
           END AS rival
    FROM weighed
    WINDOW level AS (PARTITION BY source, season, league, division, age_group, worth[:cut - 1])
), compared AS (
    SELECT paired.*,
           coalesce((SELECT sum(duel.points) FROM unnest(met, taken) AS duel (team, points)
                     WHERE duel.team = rival), 0)::integer AS head_to_head
    FROM paired
)
SELECT source, season, league, division, age_group,
       (row_number() OVER (
            PARTITION BY source, season, league, division, age_group
            ORDER BY ahead DESC, head_to_head DESC, after DESC, lower(team) COLLATE "C", team_id))::integer AS "position",
       team, team_id, played, won, drawn, lost, goals_for, goals_against,
       goals_for - goals_against AS goal_difference, points,
       round(points::numeric / nullif(played, 0), 2) AS points_per_match,
       ranking, worth, head_to_head, match_ids
FROM compared;

CREATE OR REPLACE VIEW public.standings AS
SELECT source, season, league, division, age_group, "position", team, team_id, played, won, drawn, lost,
       goals_for, goals_against, goal_difference, points, points_per_match
FROM touchline.table_rows;

COMMENT ON VIEW public.standings IS 'The league table of each division, counted from the stored results by the rules of its league (docs/tables.md).';
COMMENT ON COLUMN public.standings.played IS 'Matches that count in this table: completed, of the kinds that the league''s rules name; forfeits only where they say so.';
COMMENT ON COLUMN public.standings.points IS 'By the league''s rules; commonly 3 for a win and 1 for a draw, and another number for a draw that was decided on penalties.';

-- The rules, for `touchline doctor` and the console.
CREATE VIEW touchline.table_rules AS
SELECT league, win, draw, loss, shootout_win, shootout_loss, match_types, forfeits, ranking FROM touchline.league_rules;

-- The official tables as they were published, for `touchline table --official` and the console.
CREATE VIEW touchline.published_rows AS
SELECT t.source, t.season, t.league, t.division, t.age_group, t.observed_at,
       r.team_key AS team_id, r.team, r."position", r."values"
FROM touchline.official_tables AS t
JOIN touchline.official_rows AS r
  ON (r.source, r.season, r.league, r.division, r.age_group) = (t.source, t.season, t.league, t.division, t.age_group);

-- Teams that play in a division and that its official table does not list. OFFSET 0: by division, and by key, whatever
-- the statistics say.
CREATE VIEW touchline.unlisted_teams AS
SELECT o.source, o.season, o.league, o.division, o.age_group, side.team_key AS team_id, count(*) AS matches,
       (SELECT t.name FROM touchline.teams AS t WHERE t.source = o.source AND t.team_key = side.team_key) AS team
FROM touchline.official_tables AS o
CROSS JOIN LATERAL (
    SELECT m.home_team_key, m.away_team_key
    FROM touchline.matches AS m
    WHERE m.division = o.division AND m.age_group = o.age_group AND m.season = o.season
      AND m.source = o.source AND m.league = o.league AND m.withdrawn_at IS NULL
    OFFSET 0) AS listed
CROSS JOIN LATERAL (VALUES (listed.home_team_key), (listed.away_team_key)) AS side (team_key)
WHERE NOT EXISTS (
    SELECT FROM touchline.official_rows AS r
    WHERE r.source = o.source AND r.season = o.season AND r.league = o.league AND r.division = o.division
      AND r.age_group = o.age_group AND r.team_key = side.team_key
    OFFSET 0)
GROUP BY o.source, o.season, o.league, o.division, o.age_group, side.team_key;

-- The run after which the tables of a source were held against the official ones last.
CREATE TABLE touchline.comparisons (
    source      text PRIMARY KEY,
    run_id      uuid NOT NULL,
    compared_at timestamptz NOT NULL DEFAULT now(),
    -- how many tables have an official one with figures
    tables      integer NOT NULL
);

-- The tables in which ours and the official one really disagree, until they do not.
CREATE TABLE touchline.table_troubles (
    source    text NOT NULL,
    season    text NOT NULL,
    league    text NOT NULL,
    division  text NOT NULL,
    age_group text NOT NULL,
    sentence  text NOT NULL,
    since     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, season, league, division, age_group)
);

CREATE VIEW touchline.last_comparisons AS
SELECT source, run_id, compared_at, tables FROM touchline.comparisons;

CREATE VIEW touchline.disagreements AS
SELECT source, season, league, division, age_group, sentence, since FROM touchline.table_troubles;

ALTER TABLE touchline.news DROP CONSTRAINT news_kind_check;
ALTER TABLE touchline.news ADD CONSTRAINT news_kind_check
CHECK (kind IN ('run.suspect', 'run.failed', 'run.interrupted', 'source.recovered', 'dead_letters',
                'table.disagrees', 'table.agrees'));
