-- A run that is started again reads its failed parts again: what they said before counts no more.
DELETE FROM touchline.run_parts WHERE run_id = %(run_id)s AND failed AND ended_at < %(at)s
