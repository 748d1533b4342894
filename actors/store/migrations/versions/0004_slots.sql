-- Schedules and their slots: who is to be run when, and what became of it. A slot is one row, whoever saw it first.

-- A row's lock is held by whoever decides about the schedule's slots.
CREATE TABLE touchline.schedules (
    schedule         text PRIMARY KEY,
    -- as of the last tick; what came due before it was changed came due by these
    cron             text NOT NULL,
    timezone         text NOT NULL,
    -- every slot that was due by then has been decided about
    considered_until timestamptz NOT NULL,
    first_seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ticked_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE touchline.slots (
    schedule     text NOT NULL,
    due_at       timestamptz NOT NULL,
    -- made of schedule and due time, so that what is ordered twice is one run
    run_id       uuid NOT NULL UNIQUE,
    -- the id of the order's message
    message_id   uuid NOT NULL,
    state        text NOT NULL
                 CHECK (state IN ('claimed', 'published', 'running', 'done', 'dead', 'skipped', 'missed')),
    -- the order as it is published: {queue, actor, kwargs, delay}, delay in milliseconds
    "order"      jsonb NOT NULL,
    -- why it is skipped, missed or dead; who triggered it by hand; or what was found
    outcome      text,
    attempts     integer NOT NULL DEFAULT 0,
    claimed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz,
    started_at   timestamptz,
    -- when something was last heard of an order that is on its way
    touched_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz,
    PRIMARY KEY (schedule, due_at)
);
-- the few that are on their way: each tick looks for those that have to be published (again)
CREATE INDEX slots_open ON touchline.slots (schedule, due_at) WHERE state IN ('claimed', 'published', 'running');
CREATE INDEX slots_time ON touchline.slots (due_at);
