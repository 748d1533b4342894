-- What becomes of messages, and what was done about those that died.

-- The inbox decides a message's fate, stored or dead, under one lock: the row's. A dead one may be stored yet (it was
-- replayed, or delivered again), a stored one never dies.
ALTER TABLE touchline.inbox ADD COLUMN dead boolean NOT NULL DEFAULT false;

-- How often a message that had been delivered before was begun, and not ended: those that killed their worker.
-- Unlogged: a crash of the database may forget it, one of the worker may not.
CREATE UNLOGGED TABLE touchline.starts (
    message_id uuid PRIMARY KEY,
    starts     integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE touchline.dead
    -- the matches that the letter's message carries, counted as dead for its run; 1 for a row
    ADD COLUMN rows integer NOT NULL DEFAULT 1,
    -- of a row: the part and the observation that it came from, for the message that brings it again
    ADD COLUMN part text,
    ADD COLUMN observed_at timestamptz,
    -- the message by which the letter comes again: its own, or for a row one that is made when it is replayed. A row's
    -- is settled beforehand, so that whoever stores it finds the letter, and sending it twice is one message.
    ADD COLUMN carrier uuid NOT NULL DEFAULT gen_random_uuid(),
    -- how often it was sent again, and the attempts of its lives before the last of these
    ADD COLUMN replays integer NOT NULL DEFAULT 0,
    ADD COLUMN earlier_attempts integer NOT NULL DEFAULT 0,
    -- when its message was stored after all, or it was dropped
    ADD COLUMN settled_at timestamptz,
    -- what came, as JSON, where payload does not give it back exactly (U+0000, lone surrogates, fractions)
    ADD COLUMN body text;
-- letters from before: their matches were counted for no run
UPDATE touchline.dead SET rows = 0 WHERE kind = 'message';
UPDATE touchline.dead SET carrier = message_id WHERE kind = 'message' AND state = 'open' AND message_id IS NOT NULL;
INSERT INTO touchline.inbox (message_id, dead) SELECT carrier, true FROM touchline.dead WHERE kind = 'message'
ON CONFLICT DO NOTHING;
DROP INDEX touchline.dead_message;
-- a message that dies again is the same letter
CREATE UNIQUE INDEX dead_carrier ON touchline.dead (carrier);

-- What people did about a letter, and what came of it.
CREATE TABLE touchline.dead_acts (
    act_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dead_id    bigint NOT NULL,
    act        text NOT NULL CHECK (act IN ('replay', 'drop')),
    at         timestamptz NOT NULL DEFAULT now(),
    by_whom    text NOT NULL,
    why        text,
    -- of a replay, once it is known
    outcome    text CHECK (outcome IN ('stored', 'died')),
    outcome_at timestamptz,
    error      text
);
CREATE INDEX dead_acts_letter ON touchline.dead_acts (dead_id);
