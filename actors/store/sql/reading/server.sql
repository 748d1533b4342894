-- What `touchline doctor` asks the server: its version, its clock, and where it stands.
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_number,
       clock_timestamp() AS clock, current_database() AS database, pg_is_in_recovery() AS replica;
