-- Whether our role may use the queue: its tables, or where there are none yet, may make them.
SELECT current_user,
       CASE WHEN to_regnamespace('touchline_queue') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege('touchline_queue', 'USAGE') END
