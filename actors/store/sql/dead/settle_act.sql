-- What became of the newest replay of a letter, as far as that is not known yet.
UPDATE touchline.dead_acts
SET outcome = %(outcome)s, outcome_at = now(), error = %(error)s
WHERE act_id = (SELECT max(act_id) FROM touchline.dead_acts WHERE dead_id = %(dead_id)s AND act = 'replay')
  AND outcome IS NULL
