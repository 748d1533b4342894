-- The slot of a job, due now.
INSERT INTO touchline.slots (schedule, due_at, run_id, message_id, state, "order")
VALUES (%(schedule)s, clock_timestamp(), %(run_id)s, %(message_id)s, 'claimed', %(order)s)
