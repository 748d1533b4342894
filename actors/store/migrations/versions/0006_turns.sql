-- Whose turn it is to read a site, and how fast.

-- One row a run that reads a source now. A turn is a lease: it is its holder's until it expires, by this server's clock.
CREATE TABLE touchline.turns (
    source     text NOT NULL,
    -- from 1 to the source's setting `runs`
    place      integer NOT NULL CHECK (place > 0),
    -- of this one turn: who renews it or gives it back has to know it
    holder     uuid NOT NULL,
    run_id     uuid NOT NULL,
    -- for people
    host       text NOT NULL,
    pid        integer NOT NULL,
    since      timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (source, place)
);

-- When a source may be asked for the next time; one row a source that has a limit of requests a minute. Unlogged: it is
-- written once a request, and a crash of the database costs the pause of one.
CREATE UNLOGGED TABLE touchline.pace (
    source  text PRIMARY KEY,
    next_at timestamptz NOT NULL
);
