-- Whether the database takes writes: a replica, or one that was switched to read-only, does not.
SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean AS writable
