-- The tables of a source are compared after this run.
INSERT INTO touchline.comparisons (source, run_id, tables) VALUES (%(source)s, %(run_id)s, %(tables)s)
ON CONFLICT (source) DO UPDATE SET run_id = excluded.run_id, tables = excluded.tables, compared_at = now()
