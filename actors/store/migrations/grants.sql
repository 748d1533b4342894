-- What the roles of container/postgres/roles.sql may do with what is there now; run by every `touchline migrate`, in its
-- transaction, and without effect where these roles do not exist. Everything is taken from them first: a table that is
-- not named here is closed to them.
DO $$
DECLARE
    -- table → what the statements in actors/store/sql need of it. Locking a row (FOR UPDATE, FOR SHARE) takes UPDATE.
    writer CONSTANT jsonb := '{
        "alembic_version": "SELECT",
        "clubs":           "SELECT, INSERT, UPDATE",
        "teams":           "SELECT, INSERT, UPDATE",
        "divisions":       "SELECT, INSERT",
        "matches":         "SELECT, INSERT, UPDATE",
        "changes":         "SELECT, INSERT",
        "corrections":     "SELECT, INSERT, UPDATE",
        "official_tables": "SELECT, INSERT, UPDATE",
        "official_rows":   "SELECT, INSERT, DELETE",
        "league_rules":    "SELECT",
        "comparisons":     "SELECT, INSERT, UPDATE",
        "table_troubles":  "SELECT, INSERT, UPDATE, DELETE",
        "inbox":           "SELECT, INSERT, UPDATE, DELETE",
        "frontier":        "SELECT, INSERT, UPDATE",
        "sightings":       "SELECT, INSERT, UPDATE (observed_at), DELETE",
        "horizon":         "SELECT, INSERT, UPDATE",
        "run_accounts":    "SELECT, INSERT, UPDATE, DELETE",
        "run_parts":       "SELECT, INSERT, UPDATE, DELETE",
        "dead":            "SELECT, INSERT, UPDATE",
        "dead_acts":       "SELECT, INSERT, UPDATE (outcome, outcome_at, error)",
        "starts":          "SELECT, INSERT, UPDATE, DELETE",
        "schedules":       "SELECT, INSERT, UPDATE",
        "slots":           "SELECT, INSERT, UPDATE, DELETE",
        "orders":          "SELECT, INSERT, UPDATE, DELETE",
        "turns":           "SELECT, INSERT, UPDATE, DELETE",
        "pace":            "SELECT, INSERT, UPDATE",
        "news":            "SELECT, INSERT, UPDATE, DELETE",
        "troubles":        "SELECT, INSERT, UPDATE, DELETE"
    }';
    public_views CONSTANT text := 'public.match_list, public.match_changes, public.standings, public.runs, public.dead_letters';
    name text;
    rights record;
    own_view text;
BEGIN
    FOR name IN SELECT rolname FROM pg_roles WHERE rolname IN ('touchline_writer', 'touchline_reader') LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA touchline FROM %I', name);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA touchline FROM %I', name);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA touchline FROM PUBLIC, %I', name);
        EXECUTE format('GRANT USAGE ON SCHEMA touchline TO %I', name);
        EXECUTE format('REVOKE ALL ON %s FROM %I', public_views, name);
        EXECUTE format('GRANT SELECT ON %s TO %I', public_views, name);
        -- the version, so that whoever reads an older database is told so
        EXECUTE format('GRANT SELECT ON touchline.alembic_version TO %I', name);
        FOR own_view IN SELECT viewname FROM pg_views WHERE schemaname = 'touchline' LOOP
            EXECUTE format('GRANT SELECT ON touchline.%I TO %I', own_view, name);
        END LOOP;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'touchline_writer') THEN
        FOR rights IN SELECT * FROM jsonb_each_text(writer) LOOP
            EXECUTE format('GRANT %s ON touchline.%I TO touchline_writer', rights.value, rights.key);
        END LOOP;
    END IF;
END $$;
