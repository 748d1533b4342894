-- What a run has to be held against: which part lists a match, what a part was seen to list, and what was made of that.

ALTER TABLE touchline.matches
    -- the part that listed it last; NULL for a match that was stored before this was known, and is not withdrawn until
    -- it has been listed again
    ADD COLUMN part text;
-- what a part lists: asked at the end of each run, also where a million matches of other seasons are stored
CREATE INDEX matches_part ON touchline.matches (source, part);

ALTER TABLE touchline.teams
    -- the run that named it first; NULL for one from before
    ADD COLUMN first_run_id uuid;

ALTER TABLE touchline.official_tables
    -- the part that published it last. observed_at follows each time that it is published
    ADD COLUMN part text;

ALTER TABLE touchline.run_parts
    -- what the part listed, while that could be told: {stored, missing, tables, uncovered, named, teams,
    -- new_teams}, in matches, tables and teams
    ADD COLUMN listed jsonb,
    -- the observation as of which matches that the part does not list were withdrawn; NULL: none were
    ADD COLUMN withdrawn_as_of timestamptz,
    -- whether they have to be withdrawn yet, or listed again because the run was no good after all
    ADD COLUMN withdrawal_due boolean NOT NULL DEFAULT false;
CREATE INDEX run_parts_due ON touchline.run_parts (run_id) WHERE withdrawal_due;
-- how old the state is that a site shows, against all that it ever showed
CREATE INDEX run_parts_observed ON touchline.run_parts (part, observed_at);

ALTER TABLE touchline.inbox
    -- the observation that a batch was stored as; one that is sent again as a newer one, with the same rows, is the same
    ADD COLUMN observed_at timestamptz;

-- what of a run died
CREATE INDEX dead_run ON touchline.dead (run_id);

COMMENT ON COLUMN public.match_list.withdrawn_at IS 'The site''s own time of the observation that did not list the match any more, else null. A match that is listed again has null.';
COMMENT ON COLUMN public.match_changes.field IS 'The column of match_list that changed (or round, notes, url). withdrawn_at: the match was no longer listed, or is again.';
COMMENT ON COLUMN public.runs.state IS 'running, succeeded, suspect (it found nothing or too little, what it found is not to be trusted, or not everything that was sent arrived), failed or interrupted (stopped, or its process died).';
