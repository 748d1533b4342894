-- The store: tables in schema touchline, the reading interface (five views) in public. No table bears a view's name: a
-- role that is called touchline finds its own schema first.
--
-- Tables carry no foreign keys between them: every row is written by one transaction a batch, in which clubs come
-- before teams and teams before matches, and the checks would cost more than the rows themselves.

CREATE TABLE touchline.clubs (
    source     text NOT NULL,
    club_id    text NOT NULL,
    name       text NOT NULL,
    logo_url   text,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, club_id)
);

CREATE TABLE touchline.teams (
    source        text NOT NULL,
    -- the site's id, else a key made of league, age group and normalised name ("name:…")
    team_key      text NOT NULL,
    -- a label: it follows the site, and is no part of any identity
    name          text NOT NULL,
    club_id       text,
    age_group     text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, team_key)
);

CREATE TABLE touchline.matches (
    source         text NOT NULL,
    match_id       text NOT NULL,
    season         text NOT NULL,
    league         text,
    match_type     text NOT NULL,
    division       text,
    age_group      text NOT NULL,
    -- the date at the venue; a postponed match keeps the one it was due on
    date           date,
    kickoff        timestamptz,
    timezone       text,
    home_team_key  text NOT NULL,
    away_team_key  text NOT NULL,
    home_score     smallint,
    away_score     smallint,
    home_penalties smallint,
    away_penalties smallint,
    status         text NOT NULL CHECK (status IN ('scheduled', 'completed', 'postponed', 'cancelled', 'forfeit')),
    location       text,
    round          text,
    notes          text,
    url            text,
    -- the observation that these values come from; seen again unchanged does not move it (see touchline.sightings)
    observed_at    timestamptz NOT NULL,
    first_seen_at  timestamptz NOT NULL DEFAULT now(),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    withdrawn_at   timestamptz,
    PRIMARY KEY (source, match_id),
    CHECK ((home_score IS NULL) = (away_score IS NULL)),
    CHECK (status <> 'completed' OR home_score IS NOT NULL)
) WITH (fillfactor = 90);

-- a team's matches: the league table, a team's calendar
CREATE INDEX matches_home ON touchline.matches (source, home_team_key);
CREATE INDEX matches_away ON touchline.matches (source, away_team_key);
-- a day's or a weekend's matches
CREATE INDEX matches_date ON touchline.matches (date);

CREATE TABLE touchline.changes (
    change_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source     text NOT NULL,
    match_id   text NOT NULL,
    field      text NOT NULL,
    old        text,
    new        text,
    changed_at timestamptz NOT NULL DEFAULT now(),
    run_id     uuid NOT NULL
);
CREATE INDEX changes_match ON touchline.changes (source, match_id);
CREATE INDEX changes_time ON touchline.changes (changed_at);

-- Messages that were stored: a second delivery finds itself here and changes nothing.
CREATE TABLE touchline.inbox (
    message_id uuid PRIMARY KEY,
    stored_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_time ON touchline.inbox (stored_at);

-- The newest observation of each part that a batch was stored of. Batches of that observation share the row's lock,
-- a batch of another one takes it alone: what is "unchanged" is decided with nobody changing it (docs/decisions.md).
CREATE TABLE touchline.frontier (
    source      text NOT NULL,
    part        text NOT NULL,
    observed_at timestamptz NOT NULL,
    PRIMARY KEY (source, part)
);

-- Matches that were seen unchanged: one row a batch instead of one write a match. Read only for late messages.
CREATE TABLE touchline.sightings (
    source      text NOT NULL,
    observed_at timestamptz NOT NULL,
    match_ids   text[] NOT NULL
);
CREATE INDEX sightings_time ON touchline.sightings (source, observed_at);

CREATE TABLE touchline.run_accounts (
    run_id        uuid PRIMARY KEY,
    source        text NOT NULL,
    params        jsonb NOT NULL DEFAULT '{}',
    trigger       text NOT NULL DEFAULT 'cli' CHECK (trigger IN ('cli', 'schedule', 'api')),
    scheduled_for timestamptz,
    started_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    last_sign_at  timestamptz NOT NULL DEFAULT now(),
    state         text NOT NULL DEFAULT 'running'
                  CHECK (state IN ('running', 'succeeded', 'suspect', 'failed', 'interrupted')),
    -- the parts that the run said it would read; NULL until its first event arrived (batches may overtake it)
    parts         text[],
    inserted      integer NOT NULL DEFAULT 0,
    updated       integer NOT NULL DEFAULT 0,
    unchanged     integer NOT NULL DEFAULT 0,
    stale         integer NOT NULL DEFAULT 0,
    dead          integer NOT NULL DEFAULT 0,
    error         text
) WITH (fillfactor = 50);
CREATE INDEX run_accounts_time ON touchline.run_accounts (started_at);

CREATE TABLE touchline.run_parts (
    run_id       uuid NOT NULL,
    -- '' stands for the run as a whole, where it failed before or between its parts
    part         text NOT NULL,
    failed       boolean NOT NULL,
    found        integer NOT NULL,
    batches      integer NOT NULL,
    complete     boolean NOT NULL DEFAULT false,
    not_modified boolean NOT NULL DEFAULT false,
    observed_at  timestamptz,
    kind         text,
    -- why it failed; where it did not, what a person should know of it all the same
    error        text,
    ended_at     timestamptz NOT NULL,
    PRIMARY KEY (run_id, part)
);

CREATE TABLE touchline.dead (
    dead_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text NOT NULL CHECK (kind IN ('match', 'message')),
    queue           text NOT NULL,
    actor           text NOT NULL,
    message_id      uuid,
    run_id          uuid,
    source          text,
    match_id        text,
    reason          text NOT NULL,
    error           text NOT NULL,
    traceback       text,
    attempts        integer NOT NULL DEFAULT 1,
    first_failed_at timestamptz NOT NULL DEFAULT now(),
    died_at         timestamptz NOT NULL DEFAULT now(),
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'dropped')),
    payload         jsonb NOT NULL
);
CREATE INDEX dead_open ON touchline.dead (died_at) WHERE state = 'open';
-- a message that dies again, or is nacked twice, is one letter
CREATE UNIQUE INDEX dead_message ON touchline.dead (message_id) WHERE kind = 'message' AND state = 'open';

-- The official tables, as published.
CREATE TABLE touchline.official_tables (
    source      text NOT NULL,
    season      text NOT NULL,
    league      text NOT NULL,
    division    text NOT NULL,
    age_group   text NOT NULL,
    -- of the rows, so that a table that did not change costs no write
    digest      text NOT NULL,
    observed_at timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, season, league, division, age_group)
);

CREATE TABLE touchline.official_rows (
    source     text NOT NULL,
    season     text NOT NULL,
    league     text NOT NULL,
    division   text NOT NULL,
    age_group  text NOT NULL,
    team_key   text NOT NULL,
    team       text NOT NULL,
    "position" integer NOT NULL,
    "values"   jsonb NOT NULL,
    PRIMARY KEY (source, season, league, division, age_group, team_key)
);
CREATE INDEX official_rows_team ON touchline.official_rows (source, team_key);
