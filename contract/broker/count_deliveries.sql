-- How often a message was claimed: one that was claimed before and not settled may have killed its worker.
ALTER TABLE touchline_queue.queue ADD COLUMN IF NOT EXISTS deliveries integer NOT NULL DEFAULT 0;
