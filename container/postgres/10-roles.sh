#!/bin/sh
# For the official image's /docker-entrypoint-initdb.d, which runs it once, when the data directory is empty: makes the
# roles with the passwords in /run/secrets. Later, and for new passwords, run it again:
#   docker compose exec postgres sh /docker-entrypoint-initdb.d/10-roles.sh
set -eu

# the image sources a script that is not executable: keep the passwords to a process of our own
(
    secrets=${TOUCHLINE_SECRETS:-/run/secrets}
    for role in owner writer reader; do
        file="$secrets/postgres_${role}_password"
        if ! [ -s "$file" ]; then
            echo "10-roles.sh: $file is missing or empty" >&2
            exit 1
        fi
    done
    TOUCHLINE_OWNER_PASSWORD=$(cat "$secrets/postgres_owner_password")
    TOUCHLINE_WRITER_PASSWORD=$(cat "$secrets/postgres_writer_password")
    TOUCHLINE_READER_PASSWORD=$(cat "$secrets/postgres_reader_password")
    export TOUCHLINE_OWNER_PASSWORD TOUCHLINE_WRITER_PASSWORD TOUCHLINE_READER_PASSWORD

    sql=${TOUCHLINE_ROLES_SQL:-/etc/touchline/roles.sql}
    psql --no-psqlrc --no-password --username "${POSTGRES_USER:-postgres}" --dbname postgres --file "$sql"
    # this server is Touchline's alone: its roles have no business in any other database
    psql --no-psqlrc --no-password --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
        --set ON_ERROR_STOP=1 --command 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
)
