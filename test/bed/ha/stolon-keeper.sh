#!/bin/bash
# A keeper of Stolon, acted out; see stolon.ts. NAME, the STORE's address, SLEEP: whole seconds.
set -u
name=$1 store=$2 sleep=$3
half=$((sleep / 2)).$((sleep % 2 * 5))
boot=$(</proc/sys/kernel/random/uuid)
bin=$(dirname "$(command -v pg_ctl)")
waits_for_sync=no
export PGUSER=postgres PGCONNECT_TIMEOUT=5

say() { echo "$(date -u '+%F %T.%3N') $*"; }
# A sleep in the foreground would hold up the signal.
nap() { sleep "$1" & wait $!; }
ask_store() { timeout 5 psql -XAtq -h "$store" -d postgres -v ON_ERROR_STOP=1 -c "$1"; }
ask_here() { timeout 10 psql -XAtq -d postgres -v ON_ERROR_STOP=1 -c "$1"; }
is_running() { pg_ctl -D data status >/dev/null 2>&1; }
stop() { ! is_running || { say 'stopping'; pg_ctl -D data -m fast -w -s stop; }; }

# "timeline lsn", as the server itself says to whoever wants to replicate.
position() {
  timeout 10 psql -XAtq -F ' ' 'replication=true' -c IDENTIFY_SYSTEM | { read -r _ timeline lsn _ && echo "$timeline $lsn"; }
}

# What is told: the server as it was at the last look, which is twice as frequent.
look() {
  local timeline lsn branch sync
  echo 'null, null, null, null' >state.new
  if read -r timeline lsn < <(position) &&
    sync=$(ask_here "select coalesce(array_agg(substr(application_name, 8)::int order by 1), '{}')
      from pg_stat_replication where sync_state = 'sync' and application_name ~ '^stolon_[0-9]+$'"); then
    branch=$(printf 'data/pg_wal/%08X.history' "$timeline")
    branch=$(tail -n 1 "$branch" 2>/dev/null | cut -f 2)
    echo "$timeline, '$lsn', nullif('$branch', '')::pg_lsn, '$sync'" >state.new
  fi
  mv state.new state
}
tell() {
  local its generation
  read -r its generation <dbstate
  ask_store "select told('$name', '$boot', $its, $generation, $(<state))" >/dev/null
}

# All of it is the keeper's: postgresql.conf, pg_hba.conf, and nothing by ALTER SYSTEM.
conf() {
  cat settings.conf
  echo "synchronous_standby_names = '$sync_names'"
  [ "$role" = master ] || recovery
}
recovery() {
  echo "primary_conninfo = 'host=$source user=postgres application_name=stolon_$id'"
  echo "primary_slot_name = 'stolon_$id'"
}
hba() {
  printf '%s\n' 'local all postgres trust' 'local replication postgres trust' \
    'host all postgres 0.0.0.0/0 trust' 'host replication postgres 0.0.0.0/0 trust'
  [ $waits_for_sync = yes ] || cat pghba.conf
}
write_confs() {
  conf >data/postgresql.conf
  hba >data/pg_hba.conf
  if [ "$role" = standby ]; then : >data/standby.signal; fi
}

start() {
  say 'starting'
  write_confs
  ln -sf /dev/null data/postgresql.auto.conf
  "$bin/postgres" -D "$PWD/data" >>server.log 2>&1 &
  local pid=$!
  for _ in {1..300}; do
    [ "$(head -n 1 data/postmaster.pid 2>/dev/null)" = $pid ] && return
    kill -0 $pid || return
    sleep 0.2
  done
  return 1
}
until_ready() {
  for _ in {1..300}; do ask_here 'select' >/dev/null 2>&1 && return; sleep 0.2; done
  return 1
}

rewind() {
  say "rewinding to $source"
  rm -f data/postgresql.auto.conf
  pg_rewind -D data --source-server="host=$source dbname=postgres options='-c synchronous_commit=off'"
}
copy() {
  say "copying $source"
  rm -rf data
  pg_basebackup -R -Xs -D data -d "host=$source options='-c synchronous_commit=off'" --slot "stolon_$id"
}
follows_its_way() {
  local timeline lsn
  read -r timeline lsn < <(position) || return
  [ "$(ask_store "select is_branched($timeline, '$lsn', db) from db join keeper on name = keeper
    where address = '$source'")" = f ]
}
resync() {
  if [ -e data/PG_VERSION ] && rewind; then
    start || return
    # pg_rewind takes two timelines of one number for the same, wherever they have begun.
    until_ready && follows_its_way && return
    stop || return
  fi
  copy
}

keep_slots() {
  local slot
  for slot in $(ask_here "select slot_name from pg_replication_slots where slot_name like 'stolon\_%'"); do
    # A standby that is still connected keeps it.
    [[ " $followers " = *" $slot "* ]] || ask_here "select pg_drop_replication_slot('$slot')" >/dev/null 2>&1
  done
  for slot in $followers; do
    ask_here "select pg_create_physical_replication_slot('$slot')
      where not exists (select from pg_replication_slots where slot_name = '$slot')" >/dev/null || return
  done
}

# One look at the store, and whatever brings the server there.
converge() {
  local answer its
  answer=$(ask_store "select * from wanted('$name')") || return
  if [ -z "$answer" ]; then stop; return; fi
  IFS='|' read -r id role generation known_boot source sync_names sync followers <<<"$answer"
  # The sentinel has not heard yet that we were started again.
  if [ "$known_boot" != "$boot" ]; then stop; return; fi
  read -r its _ <dbstate
  if [ -e initializing ]; then
    stop || return
    rm -rf data
    its=0
  fi
  if [ "$its" != "$id" ]; then
    waits_for_sync=no
    : >initializing
    echo "$id 0" >dbstate
    stop && resync || return
  fi
  if [ "$role" = master ]; then
    if ! is_running; then
      # Clients are let in once the standbys have what was acknowledged.
      waits_for_sync=yes
      start && until_ready || return
    fi
    if [ -e data/standby.signal ]; then
      say 'promoting'
      pg_ctl -D data -w -s promote || return
    fi
  else
    if [ ! -e data/standby.signal ] && [ ! -e initializing ]; then say 'cannot move from master to standby'; return; fi
    is_running || start || return
    if [ "$(grep '^primary_' data/postgresql.conf)" != "$(recovery)" ]; then
      say "following $source"
      stop && start || return
    fi
  fi
  keep_slots || return
  if [ $waits_for_sync = yes ] && [ "$(ask_here "select coalesce(array_agg(substr(application_name, 8)::int order by 1), '{}')
    from pg_stat_replication where sync_state = 'sync'")" = "$sync" ]; then waits_for_sync=no; fi
  if ! cmp -s <(conf) data/postgresql.conf || ! cmp -s <(hba) data/pg_hba.conf; then
    say "reloading: $role, synchronous_standby_names '$sync_names', waits for standbys: $waits_for_sync"
    write_confs
    pg_ctl -D data -s reload
  fi
  rm -f initializing
  echo "$id $generation" >dbstate
}

[ -e dbstate ] || echo '0 0' >dbstate
stop
echo 'null, null, null, null' >state
while :; do look 2>/dev/null; nap $half; done &
looks=$!
while :; do tell; nap "$sleep"; done &
tells=$!
trap 'kill $looks $tells; stop; exit' TERM
while :; do converge; nap "$sleep"; done
