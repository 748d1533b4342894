-- Every division that a match was ever listed in. Some thousand rows where there are a million matches: what is asked in
-- other letters ("u14", "northeast") is looked up here, and so is the latest season of a league.
CREATE TABLE touchline.divisions (
    source    text NOT NULL,
    -- '' where the source has none
    league    text NOT NULL,
    season    text NOT NULL,
    division  text NOT NULL,
    age_group text NOT NULL,
    PRIMARY KEY (source, league, season, division, age_group)
);
INSERT INTO touchline.divisions
SELECT DISTINCT source, coalesce(league, ''), season, division, age_group
FROM touchline.matches
WHERE division IS NOT NULL;

-- By a trigger, whoever writes: a division that is missing here is a table that nobody finds.
CREATE FUNCTION touchline.note_divisions() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO touchline.divisions
    SELECT listed.* FROM (
        SELECT DISTINCT source, coalesce(league, '') AS league, season, division, age_group
        FROM written WHERE division IS NOT NULL) AS listed
    WHERE NOT EXISTS (
        -- OFFSET 0: by key, whatever the statistics say
        SELECT FROM touchline.divisions AS known
        WHERE known.source = listed.source AND known.league = listed.league AND known.season = listed.season
          AND known.division = listed.division AND known.age_group = listed.age_group
        OFFSET 0)
    ORDER BY listed.*
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON touchline.matches
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION touchline.note_divisions();
CREATE TRIGGER note_updated AFTER UPDATE ON touchline.matches
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION touchline.note_divisions();

-- the matches of a division: its league table
CREATE INDEX matches_division ON touchline.matches (division, age_group, season);
-- a whole season, and what changed lately: matches of a time stand together on disk, and a summary of each range of pages
-- costs a write next to nothing
CREATE INDEX matches_time ON touchline.matches USING brin (season, changed_at) WITH (pages_per_range = 32);
