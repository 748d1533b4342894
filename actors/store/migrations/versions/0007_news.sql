-- What people are to hear of, until they have; and how far back housekeeping has forgotten.

-- One piece of news each, written in the transaction of what it tells of, and kept when nobody is to be told.
CREATE TABLE touchline.news (
    news_id      uuid PRIMARY KEY,
    kind         text NOT NULL
                 CHECK (kind IN ('run.suspect', 'run.failed', 'run.interrupted', 'source.recovered', 'dead_letters')),
    source       text,
    -- of a run, what it was asked for, as in touchline.troubles; of dead letters, the actor and the reason
    scope        text NOT NULL,
    run_id       uuid,
    -- what is sent as `data` (docs/notices.md)
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- when it was handed to the queue, and when the receiver took it
    published_at timestamptz,
    delivered_at timestamptz
);
CREATE INDEX news_waiting ON touchline.news (created_at) WHERE published_at IS NULL;
CREATE INDEX news_scope ON touchline.news (scope, created_at);

-- The scopes whose newest run did not end well, and what was told of it last.
CREATE TABLE touchline.troubles (
    source     text NOT NULL,
    -- the run's params without `full`, as jsonb writes them
    scope      text NOT NULL,
    state      text NOT NULL,
    -- the newest run that ended so, and when that began
    run_id     uuid NOT NULL,
    started_at timestamptz NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    news_id    uuid NOT NULL,
    told_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, scope)
);
CREATE INDEX troubles_run ON touchline.troubles (run_id);

-- When a letter was told of; one that dies again after a replay is told of again. What is there already is no news.
ALTER TABLE touchline.dead ADD COLUMN told_at timestamptz;
UPDATE touchline.dead SET told_at = now();
CREATE INDEX dead_untold ON touchline.dead (dead_id) WHERE told_at IS NULL AND state = 'open';

-- What was stored or seen before this moment, the inbox and the sightings cannot be asked for any more. One row, or
-- none as long as nothing was pruned.
CREATE TABLE touchline.horizon (
    sole   boolean PRIMARY KEY DEFAULT true CHECK (sole),
    before timestamptz NOT NULL
);
