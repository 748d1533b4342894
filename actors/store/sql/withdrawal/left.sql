-- Nothing can be done about the part now: a newer run decides, or a message that died has to be stored first.
UPDATE touchline.run_parts SET withdrawal_due = false WHERE run_id = %(run_id)s AND part = %(part)s
