#!/bin/bash
# Stands in for the entrypoint of the official image of PostgreSQL, which is not to be had in a test: as it is run with
# "postgres" and the words of `command`, an empty PGDATA becomes a server of POSTGRES_PASSWORD, which runs what is in
# /docker-entrypoint-initdb.d (here: INITDB_D) while it listens on its socket alone.
# https://github.com/docker-library/postgres/blob/master/docker-entrypoint.sh
set -eu
[ "$1" = postgres ]
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  exec gosu postgres "$0" "$@"
fi
export POSTGRES_USER=postgres
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --no-sync --username=postgres --pwfile=<(echo "$POSTGRES_PASSWORD") >/dev/null
  # The other servers come from 127.0.0.1 here, which initdb trusts; in a container they do not.
  sed -i '/^host/d' "$PGDATA/pg_hba.conf"
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait start --options="-c listen_addresses= -c unix_socket_directories=$PGHOST" >/dev/null
  for file in ${INITDB_D:-}; do "$file"; done
  pg_ctl --wait stop >/dev/null
fi
exec "$@"
