-- Each of these began with the source, as the primary key does. Of a source that the statistics do not know yet the
-- planner expects no row, so that any of them looked as good for finding a match by its key: smaller, and then read to
-- its end for each match of the source (the first 25,000 of a new source took 24 s instead of 1.6). Whoever asks by team or
-- part names the source, too, and does not mind which comes first.
DROP INDEX touchline.matches_home, touchline.matches_away, touchline.matches_part;
CREATE INDEX matches_home ON touchline.matches (home_team_key, source);
CREATE INDEX matches_away ON touchline.matches (away_team_key, source);
CREATE INDEX matches_part ON touchline.matches (part, source);
