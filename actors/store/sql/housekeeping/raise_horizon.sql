-- From here on the inbox and the sightings cannot be asked for what is older. Committed before anything is deleted.
INSERT INTO touchline.horizon AS h (before) VALUES (now() - make_interval(days => %(days)s))
ON CONFLICT (sole) DO UPDATE SET before = greatest(h.before, excluded.before)
