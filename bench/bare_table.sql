DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.bare (
    source text, match_id text, season text, league text, match_type text, division text, age_group text, date date,
    kickoff timestamptz, timezone text, home_team text, away_team text, home_team_id text, away_team_id text,
    home_score smallint, away_score smallint, home_penalties smallint, away_penalties smallint, status text,
    location text, round text, notes text, url text,
    PRIMARY KEY (source, match_id));
