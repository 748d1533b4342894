-- The orders that a wider one was divided into, one a part of its run: which of them are still to be carried out.
CREATE TABLE touchline.orders (
    run_id     uuid NOT NULL,
    part       text NOT NULL,
    -- the id of the order's message
    message_id uuid NOT NULL,
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    -- what was found, or why it is dead
    outcome    text,
    touched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, part)
);
-- the few that are on their way: asked whenever a run was silent for a while, and with each tick
CREATE INDEX orders_open ON touchline.orders (run_id) WHERE state IN ('waiting', 'running');
CREATE INDEX orders_time ON touchline.orders (touched_at);
