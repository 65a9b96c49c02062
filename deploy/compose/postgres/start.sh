#!/bin/bash
# The entrypoint of the three servers, before that of the official image: whoever has no data, or was the primary and is not
# any more, begins as a standby. Only db1 begins as a primary, where there is none. The standbys reach the primary through the
# gateway, so each follows the next one by itself.
set -eu

primary="host=gateway port=6432 user=replicator password=$REPLICATION_PASSWORD application_name=$HOSTNAME connect_timeout=5"

there_is_a_primary() {
  psql "$primary dbname=postgres" --quiet --command='select' >/dev/null 2>&1
}

if [ -s "$PGDATA/PG_VERSION" ] && [ ! -e "$PGDATA/standby.signal" ] && there_is_a_primary; then
  echo "start.sh: another server has become primary: $HOSTNAME begins anew as a standby of it"
  rm -rf "${PGDATA:?}"
fi

if [ ! -s "$PGDATA/PG_VERSION" ] && { [ "$HOSTNAME" != db1 ] || there_is_a_primary; }; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  until gosu postgres pg_basebackup --dbname="$primary" --pgdata="$PGDATA" --write-recovery-conf --checkpoint=fast; do
    echo "start.sh: $HOSTNAME waits for a primary"
    sleep 1
  done
fi

exec docker-entrypoint.sh postgres "$@"
