-- Corrections: a person overrules a field of a match. The corrected value stands in touchline.matches, so that every view,
-- table, index and filter is right without a join; what the site says instead is kept here.
--
--     standing ──────────── the site says the same ───────────► site_agrees
--      │    ▲  └─────────── a person takes it back ───────────► taken_back
--      │    │  └─────────── a person says something else ─────► replaced
--      ▼    │
--     resting: beside the site's other values it would be no match that the contract allows (a completed one without
--              scores, say); the site's values are shown until that is over. It ends as a standing one does.

CREATE TABLE touchline.corrections (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source        text NOT NULL,
    match_id      text NOT NULL,
    field         text NOT NULL
                  CHECK (field IN ('home_score', 'away_score', 'home_penalties', 'away_penalties', 'status', 'date',
                                   'kickoff', 'location', 'notes', 'division')),
    -- both as text, as touchline.changes has them; null: there is none
    value         text,
    site_value    text,
    -- when it was stored that the site says so
    site_since    timestamptz NOT NULL,
    why           text NOT NULL,
    by_whom       text NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT now(),
    rests_since   timestamptz,
    ended_at      timestamptz,
    ended_how     text CHECK (ended_how IN ('taken_back', 'site_agrees', 'replaced')),
    -- of the person who ended it
    ended_by      text,
    ended_why     text,
    CHECK ((ended_at IS NULL) = (ended_how IS NULL))
);
-- one that is open a field; and all of a match
CREATE UNIQUE INDEX corrections_open ON touchline.corrections (source, match_id, field) WHERE ended_at IS NULL;
CREATE INDEX corrections_match ON touchline.corrections (source, match_id);

-- The fields that are shown as a person corrected them; '{}' where corrections are open and all of them rest; null, and no
-- byte of any row, where none is open.
ALTER TABLE touchline.matches ADD COLUMN corrected text[];

-- A person's change comes by no run.
ALTER TABLE touchline.changes ALTER COLUMN run_id DROP NOT NULL;

ALTER TABLE touchline.news DROP CONSTRAINT news_kind_check;
ALTER TABLE touchline.news ADD CONSTRAINT news_kind_check
CHECK (kind IN ('run.suspect', 'run.failed', 'run.interrupted', 'source.recovered', 'dead_letters',
                'table.disagrees', 'table.agrees', 'correction.site_agrees', 'correction.rests'));

-- Whoever writes the fields of a corrected match says what the site says: a worker of this version, one of the version
-- before that knows nothing of corrections, or `touchline match correct` itself. It is written beside, and the corrected
-- values stay. Who writes has locked the row, and so had the person who corrected it: what is read here is what holds. A
-- match without a correction costs the look at one column.
CREATE FUNCTION touchline.keep_corrections() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    said      jsonb;
    agreed    jsonb := '[]';
    patch     jsonb := '{}';
    names     text[] := '{}';
    rested    boolean := false;
    legal     boolean;
    unsaid    boolean;
    teams     text[];
    c         touchline.corrections;
    veiled    touchline.matches;
BEGIN
    said := jsonb_build_object(
        'home_score', NEW.home_score::text, 'away_score', NEW.away_score::text,
        'home_penalties', NEW.home_penalties::text, 'away_penalties', NEW.away_penalties::text,
        'status', NEW.status, 'date', NEW.date::text,
        'kickoff', to_char(NEW.kickoff AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'location', NEW.location, 'notes', NEW.notes, 'division', NEW.division);
    -- A site that shows a placeholder says nothing of the day, and the writer leaves it as it is, corrected or not. Who knows
    -- of corrections says so by the word that it writes here; of a version before, it can only be guessed.
    unsaid := CASE NEW.corrected
        WHEN '{said}' THEN false
        WHEN '{unsaid}' THEN true
        ELSE NEW.status IN ('postponed', 'forfeit')
             AND (NEW.date, NEW.kickoff) IS NOT DISTINCT FROM (OLD.date, OLD.kickoff) END;

    FOR c IN
        SELECT * FROM touchline.corrections
        WHERE source = NEW.source AND match_id = NEW.match_id AND ended_at IS NULL
        ORDER BY field
    LOOP
        IF unsaid AND c.field IN ('date', 'kickoff') THEN
            said := said || jsonb_build_object(c.field, c.site_value);
            NEW := jsonb_populate_record(NEW, jsonb_build_object(c.field, c.site_value));
        END IF;
        rested := rested OR c.rests_since IS NOT NULL;
        IF said ->> c.field IS NOT DISTINCT FROM c.value THEN
            UPDATE touchline.corrections
            SET ended_at = now(), ended_how = 'site_agrees', site_value = c.value, site_since = now(), rests_since = NULL
            WHERE correction_id = c.correction_id;
            agreed := agreed || jsonb_build_object(
                'field', c.field, 'value', c.value, 'site_value', c.site_value, 'why', c.why, 'by', c.by_whom,
                'made_at', c.made_at);
            CONTINUE;
        END IF;
        IF said ->> c.field IS DISTINCT FROM c.site_value THEN
            UPDATE touchline.corrections SET site_value = said ->> c.field, site_since = now()
            WHERE correction_id = c.correction_id;
        END IF;
        patch := patch || jsonb_build_object(c.field, c.value);
        names := names || c.field;
    END LOOP;

    -- the contract's rules between fields (contract.fields.check_match)
    veiled := jsonb_populate_record(NEW, patch);
    legal := (veiled.date IS NOT NULL OR veiled.status IN ('postponed', 'forfeit'))
        AND (veiled.home_score IS NULL) = (veiled.away_score IS NULL)
        AND (veiled.home_score IS NOT NULL OR veiled.status <> 'completed')
        AND (veiled.home_penalties IS NULL) = (veiled.away_penalties IS NULL)
        AND (veiled.home_penalties IS NULL
             OR (veiled.home_score IS NOT NULL AND veiled.home_score = veiled.away_score));
    IF legal THEN
        NEW := veiled;
    END IF;
    IF legal = rested AND names <> '{}' THEN
        UPDATE touchline.corrections SET rests_since = CASE WHEN legal THEN NULL ELSE coalesce(rests_since, now()) END
        WHERE source = NEW.source AND match_id = NEW.match_id AND ended_at IS NULL;
    END IF;
    NEW.corrected := CASE WHEN names = '{}' THEN NULL WHEN legal THEN names ELSE '{}' END;

    NEW.changed_at := CASE WHEN (
        NEW.season, NEW.league, NEW.match_type, NEW.division, NEW.age_group, NEW.date, NEW.kickoff, NEW.timezone,
        NEW.home_team_key, NEW.away_team_key, NEW.home_score, NEW.away_score, NEW.home_penalties, NEW.away_penalties,
        NEW.status, NEW.location, NEW.round, NEW.notes, NEW.url, NEW.withdrawn_at, NEW.corrected
    ) IS DISTINCT FROM (
        OLD.season, OLD.league, OLD.match_type, OLD.division, OLD.age_group, OLD.date, OLD.kickoff, OLD.timezone,
        OLD.home_team_key, OLD.away_team_key, OLD.home_score, OLD.away_score, OLD.home_penalties, OLD.away_penalties,
        OLD.status, OLD.location, OLD.round, OLD.notes, OLD.url, OLD.withdrawn_at, OLD.corrected
    ) THEN now() ELSE OLD.changed_at END;

    IF agreed <> '[]' OR NOT (legal OR rested) THEN
        teams := ARRAY(
            SELECT t.name FROM unnest(ARRAY[NEW.home_team_key, NEW.away_team_key]) WITH ORDINALITY AS k (team_key, side)
            JOIN touchline.teams AS t ON t.source = NEW.source AND t.team_key = k.team_key
            ORDER BY k.side);
        INSERT INTO touchline.news (news_id, kind, source, scope, payload)
        SELECT gen_random_uuid(), 'correction.' || told.state, NEW.source, NEW.source || ' ' || NEW.match_id,
               jsonb_build_object(
                   'source', NEW.source, 'scope', jsonb_build_object('match_id', NEW.match_id), 'run_id', NULL,
                   'state', told.state, 'error', NULL, 'since', now(), 'teams', to_jsonb(teams),
                   'corrections', told.corrections)
        FROM (
            SELECT 'site_agrees' AS state, agreed AS corrections WHERE agreed <> '[]'
            UNION ALL
            SELECT 'rests', jsonb_agg(jsonb_build_object(
                       'field', o.field, 'value', o.value, 'site_value', o.site_value, 'why', o.why, 'by', o.by_whom,
                       'made_at', o.made_at) ORDER BY o.field)
            FROM touchline.corrections AS o
            WHERE o.source = NEW.source AND o.match_id = NEW.match_id AND o.ended_at IS NULL
            HAVING NOT (legal OR rested)
        ) AS told;
    END IF;
    RETURN NEW;
END $$;

-- Only of statements that write one of these columns: a match that is withdrawn says nothing of them. By its name it comes
-- before forget_fingerprint, which then sees what is shown: the fingerprint is of what the site said, and stays true.
CREATE TRIGGER corrections_stay BEFORE UPDATE OF
    home_score, away_score, home_penalties, away_penalties, status, date, kickoff, location, notes, division
ON touchline.matches
FOR EACH ROW WHEN (OLD.corrected IS NOT NULL OR NEW.corrected IS NOT NULL)
EXECUTE FUNCTION touchline.keep_corrections();

CREATE OR REPLACE VIEW public.match_list AS
SELECT m.source, m.match_id, m.season, m.league, m.match_type, m.division, m.age_group,
       m.date, m.kickoff, m.timezone,
       home.name AS home_team, away.name AS away_team,
       m.home_team_key AS home_team_id, m.away_team_key AS away_team_id,
       m.home_score, m.away_score, m.home_penalties, m.away_penalties,
       m.status, m.location, m.observed_at, m.first_seen_at, m.changed_at, m.withdrawn_at,
       nullif(m.corrected, '{}') AS corrected
FROM touchline.matches AS m
JOIN touchline.teams AS home ON home.source = m.source AND home.team_key = m.home_team_key
JOIN touchline.teams AS away ON away.source = m.source AND away.team_key = m.away_team_key;

COMMENT ON COLUMN public.match_list.corrected IS 'The columns that hold what a person said and not what the site says (touchline match show); null where there is none.';
COMMENT ON COLUMN public.match_list.observed_at IS 'The site''s own time of the observation that these values come from, those that a person corrected aside.';
COMMENT ON COLUMN public.match_changes.field IS 'The column of match_list that changed (or round, notes, url).';
COMMENT ON COLUMN public.match_changes.run_id IS 'The run that brought it; null where a person did (touchline match correct, uncorrect).';

-- What people said against the site, newest last. For `touchline match show` and the console.
CREATE VIEW touchline.match_corrections AS
SELECT correction_id, source, match_id, field, value, site_value, site_since, why, by_whom, made_at,
       CASE WHEN ended_at IS NOT NULL THEN ended_how WHEN rests_since IS NOT NULL THEN 'resting' ELSE 'standing' END AS state,
       rests_since, ended_at, ended_by, ended_why
FROM touchline.corrections;

-- What the public view has no column for.
CREATE VIEW touchline.match_extras AS
SELECT source, match_id, round, notes, url FROM touchline.matches;
