-- The three roles of a store, and the database. For an administrator, with psql; safe to run again: passwords are set to
-- what is given, everything else stays or comes back.
--
--   touchline_owner   owns the tables, runs `touchline migrate`
--   touchline_writer  the workers and the clock: rows, and of those only what the code writes
--   touchline_reader  the views: people, other programs, `touchline metrics`
--
-- What the roles may do with the tables is granted by every `touchline migrate` (actors/store/migrations/grants.sql).
--
--   TOUCHLINE_OWNER_PASSWORD=… TOUCHLINE_WRITER_PASSWORD=… TOUCHLINE_READER_PASSWORD=… \
--     psql --no-psqlrc --dbname postgres --file roles.sql          (-v database=NAME for another one than touchline)
--
-- Passwords come by the environment, never in an argument list. psql hashes none: use what the server hashes with
-- (scram-sha-256 since PostgreSQL 14), and keep `log_statement` off for this session.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?database}
\else
  \set database touchline
\endif
\getenv owner_password TOUCHLINE_OWNER_PASSWORD
\getenv writer_password TOUCHLINE_WRITER_PASSWORD
\getenv reader_password TOUCHLINE_READER_PASSWORD

\if :{?owner_password}
\else
  \warn 'roles.sql: TOUCHLINE_OWNER_PASSWORD is not set'
  DO $$ BEGIN RAISE 'a password is missing'; END $$;
\endif
\if :{?writer_password}
\else
  \warn 'roles.sql: TOUCHLINE_WRITER_PASSWORD is not set'
  DO $$ BEGIN RAISE 'a password is missing'; END $$;
\endif
\if :{?reader_password}
\else
  \warn 'roles.sql: TOUCHLINE_READER_PASSWORD is not set'
  DO $$ BEGIN RAISE 'a password is missing'; END $$;
\endif

-- the server's log would hold the passwords; only a superuser may say so, on a managed server others read no log
SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user \gset
\if :superuser
  SET log_statement = 'none';
  SET log_min_duration_statement = -1;
  SET log_min_error_statement = 'panic';
\endif

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['touchline_owner', 'touchline_writer', 'touchline_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE touchline_owner PASSWORD :'owner_password';
ALTER ROLE touchline_writer PASSWORD :'writer_password';
ALTER ROLE touchline_reader PASSWORD :'reader_password';

-- Guards. Touchline sets the same for each of its connections; here they hold for other programs, too, and behind a
-- pooler in transaction mode, which forgets what a session set. The owner has none: a migration may take long.
ALTER ROLE touchline_writer SET statement_timeout = '60s';
ALTER ROLE touchline_writer SET lock_timeout = '30s';
ALTER ROLE touchline_writer SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE touchline_reader SET statement_timeout = '60s';
ALTER ROLE touchline_reader SET lock_timeout = '30s';
ALTER ROLE touchline_reader SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE touchline_owner SET timezone = 'UTC';
ALTER ROLE touchline_writer SET timezone = 'UTC';
ALTER ROLE touchline_reader SET timezone = 'UTC';

-- roles of these names that were there before and are more than they should be
DO $$
DECLARE
    name text;
BEGIN
    SELECT rolname INTO name FROM pg_roles
    WHERE rolname IN ('touchline_owner', 'touchline_writer', 'touchline_reader')
      AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls);
    IF FOUND THEN
        RAISE 'the role % is more than it may be: superuser, or it creates roles or databases, replicates, or bypasses row security', name;
    END IF;
    SELECT member.rolname INTO name FROM pg_auth_members
    JOIN pg_roles AS member ON member.oid = pg_auth_members.member
    WHERE member.rolname IN ('touchline_writer', 'touchline_reader');
    IF FOUND THEN
        RAISE 'the role % is a member of another role, and may do what that one may', name;
    END IF;
END $$;

SELECT NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') AS missing \gset
\if :missing
  \if :superuser
  \else
    -- who is no superuser gives a database only to a role that it is a member of
    GRANT touchline_owner TO CURRENT_USER;
  \endif
  CREATE DATABASE :"database" OWNER touchline_owner ENCODING 'UTF8' TEMPLATE template0;
\endif

\connect :"database"

-- A database that was there and is another's (a managed server's `postgres`) keeps what its owner gave to everybody.
SELECT pg_get_userbyid(datdba) = 'touchline_owner' AS ours FROM pg_database WHERE datname = current_database() \gset
\if :ours
  REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
\endif
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"database" TO touchline_owner;
GRANT CONNECT ON DATABASE :"database" TO touchline_writer, touchline_reader;
GRANT USAGE, CREATE ON SCHEMA public TO touchline_owner;
GRANT USAGE ON SCHEMA public TO touchline_writer, touchline_reader;

-- Large objects are the one thing that whoever connects may write: not here.
\if :superuser
  \if :ours
    SET client_min_messages = warning;
    REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea), lo_put(oid, bigint, bytea),
        lowrite(integer, bytea), lo_open(oid, integer), lo_truncate(integer, integer), lo_truncate64(integer, bigint),
        lo_unlink(oid) FROM PUBLIC;
  \endif
\endif
