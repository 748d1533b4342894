-- A hash of the row as which a source listed the match when it was last written, the names of teams and clubs included
-- (actors.store.fingerprints). A row that has it again needs no further comparison. Null: compare it in full.
ALTER TABLE touchline.matches ADD COLUMN fingerprint uuid;

-- Whoever gives a match other values without saying as what it was listed (a worker of an older version, a person) leaves
-- no fingerprint behind that speaks of the old ones.
CREATE FUNCTION touchline.forget_fingerprint() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.fingerprint := NULL;
    RETURN NEW;
END $$;

CREATE TRIGGER forget_fingerprint BEFORE UPDATE ON touchline.matches
FOR EACH ROW WHEN (
    NEW.fingerprint IS NOT DISTINCT FROM OLD.fingerprint
    AND (
      NEW.season, NEW.league, NEW.match_type, NEW.division, NEW.age_group, NEW.date, NEW.kickoff, NEW.timezone,
      NEW.home_team_key, NEW.away_team_key, NEW.home_score, NEW.away_score, NEW.home_penalties, NEW.away_penalties,
      NEW.status, NEW.location, NEW.round, NEW.notes, NEW.url
    ) IS DISTINCT FROM (
      OLD.season, OLD.league, OLD.match_type, OLD.division, OLD.age_group, OLD.date, OLD.kickoff, OLD.timezone,
      OLD.home_team_key, OLD.away_team_key, OLD.home_score, OLD.away_score, OLD.home_penalties, OLD.away_penalties,
      OLD.status, OLD.location, OLD.round, OLD.notes, OLD.url
    ))
EXECUTE FUNCTION touchline.forget_fingerprint();
