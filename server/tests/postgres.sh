#!/bin/sh
# A PostgreSQL for one test program: a cluster of its own in a new folder, with the roles of a practice. It answers on a socket
# in that folder and, with TLS, on a port of 127.0.0.1. It says where on one line; when its standard input ends, which it
# also does when the test program was killed, PostgreSQL stops and the folder is removed.
#
#   postgres.sh PORT CERTIFICATE KEY ROLES_SQL [PLACE [NAME=VALUE...]]
#
# Whoever measures names a place on a disk, and settings in place of those that suit tests.
set -eu
port=$1 certificate=$2 key=$3 roles=$4 given=${5:-}
shift 4
[ $# -eq 0 ] || shift
for setting; do
  set -- "$@" -c "$setting"
  shift
done

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$bin" ]; then
  bin=$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)")
fi
if [ ! -x "$bin/initdb" ]; then
  echo "There is no PostgreSQL here: install the package postgresql." >&2
  exit 1
fi

# In memory where there is such a place: what is tested is kept durable in earnest, and need not wear a disk.
place=/dev/shm
[ -w "$place" ] || place=${TMPDIR:-/tmp}
[ -z "$given" ] || place=$given
dir=$(mktemp -d "$place/chartkeep-postgres-XXXXXX")
as=
if [ "$(id -u)" = 0 ]; then
  # PostgreSQL does not run as root.
  chown postgres: "$dir"
  as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
trap 'kill -INT "${server:-0}" 2>/dev/null; wait; rm -rf "$dir"' EXIT
cd "$dir"

$as "$bin/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C -A trust --no-sync --wal-segsize=4 >"$dir/log" 2>&1 ||
  { cat "$dir/log" >&2; exit 1; }
cat >"$dir/data/pg_hba.conf" <<'HBA'
local all postgres trust
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
HBA
install -m 600 "$certificate" "$dir/data/server.crt"
install -m 600 "$key" "$dir/data/server.key"
[ -z "$as" ] || chown postgres: "$dir/data/server.crt" "$dir/data/server.key" "$dir/data/pg_hba.conf"

$as "$bin/postgres" -D "$dir/data" -k "$dir" -p "$port" -c listen_addresses=127.0.0.1 -c ssl=on -c max_connections=400 \
  -c shared_buffers=32MB -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=128MB -c min_wal_size=16MB \
  -c autovacuum=off -c logging_collector=off "$@" </dev/null >>"$dir/log" 2>&1 &
server=$!
tries=0
until "$bin/pg_isready" -q -h "$dir" -p "$port" -U postgres; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
    cat "$dir/log" >&2
    exit 1
  fi
  sleep 0.1
done
"$bin/psql" -q -h "$dir" -p "$port" -U postgres -v database=pattern -f "$roles" postgres >>"$dir/log" 2>&1 ||
  { cat "$dir/log" >&2; exit 1; }
echo "$bin $dir"
cat >/dev/null
