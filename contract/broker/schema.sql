-- What the embedded queue has on top of dramatiq-postgres' tables, in the transaction that makes them.
--
-- json, not jsonb: it keeps "\u0000" and halves of surrogate pairs, which a site may send and the store must see to
-- refuse by name. Not compressed: that costs more than reading 100 KB does.
ALTER TABLE touchline_queue.queue
    ALTER COLUMN message TYPE json USING message::text::json,
    ALTER COLUMN message SET STORAGE EXTERNAL;

-- Which queues a worker consumes, so that others can tell whether anybody does.
ALTER TABLE touchline_queue.worker ADD COLUMN queues text[] NOT NULL DEFAULT '{}';
