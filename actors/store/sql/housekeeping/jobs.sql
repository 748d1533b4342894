-- Jobs whose slot is gone: they were over, and old.
DELETE FROM touchline.jobs
WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM touchline.jobs AS job
    WHERE created_at < now() - make_interval(days => %(days)s)
      AND NOT EXISTS (SELECT FROM touchline.slots AS slot WHERE slot.run_id = job.run_id)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED))
