-- Remembers, in one row, the matches of a batch that a newer observation found unchanged.
INSERT INTO touchline.sightings (source, observed_at, match_ids) VALUES (%(source)s, %(observed_at)s, %(match_ids)s)
