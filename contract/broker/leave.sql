-- This worker ends. Whatever it still holds is taken up by the others at once.
DELETE FROM touchline_queue.worker WHERE worker_id = %(worker)s;
