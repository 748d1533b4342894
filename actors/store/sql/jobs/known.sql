-- The job that was ordered with a key, and what was asked for then.
SELECT run_id, asked_digest FROM touchline.jobs WHERE key_digest = %(key_digest)s
