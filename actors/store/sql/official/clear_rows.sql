-- Makes room for the rows of the tables that changed.
DELETE FROM touchline.official_rows AS r
USING jsonb_to_recordset(%(tables)s) AS i (division text, age_group text)
WHERE r.source = %(source)s AND r.season = %(season)s AND r.league = %(league)s
  AND r.division = i.division AND r.age_group = i.age_group
