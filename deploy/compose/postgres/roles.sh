#!/bin/bash
# Run once, on the first server, before it takes connections: what each one may do, and a database to play with.
set -eu

psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" \
  --set=gateway="$GATEWAY_PASSWORD" --set=replication="$REPLICATION_PASSWORD" <<'SQL'
-- The probe of the gateway needs nothing else.
create role gateway login password :'gateway';
create role replicator login replication password :'replication';
create role app login password 'app';
create database app owner app;
SQL

# The image lets everybody into databases who has a password; replication is not a database.
echo 'host replication replicator all scram-sha-256' >>"$PGDATA/pg_hba.conf"
