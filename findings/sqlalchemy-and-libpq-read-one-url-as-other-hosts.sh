#!/usr/bin/env bash
# SQLAlchemy 2.1.9 and psycopg 3.3.9 (libpq) read one database URL with two hosts as different hosts.
#
# Done: postgresql://user@/db?host=first:5432&host=second:5433, the form that SQLAlchemy documents for several hosts, read
#   by SQLAlchemy's psycopg dialect and by psycopg itself (as a migration tool, or a script beside the application, would).
# Expected: the same two hosts, or an error of the one that does not know the form.
# Seen: SQLAlchemy connects to first:5432 and then second:5433. psycopg takes the last "host" alone, with the port as part
#   of its name, without a word. libpq's own form for several hosts is refused by SQLAlchemy's make_url.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install sqlalchemy==2.1.9 'psycopg[binary]==3.3.9' 2>/dev/null
"$room/v/bin/python" - <<'PY'
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

OF_SQLALCHEMY = "postgresql://user@/db?host=first:5432&host=second:5433"
OF_LIBPQ = "postgresql://user@first:5432,second:5433/db"

_, by_sqlalchemy = PGDialect_psycopg().create_connect_args(make_url(OF_SQLALCHEMY))
by_psycopg = conninfo_to_dict(OF_SQLALCHEMY)
print("SQLAlchemy:", by_sqlalchemy["host"], by_sqlalchemy["port"], "| psycopg:", by_psycopg["host"], by_psycopg.get("port"))
assert (by_sqlalchemy["host"], by_sqlalchemy["port"]) == ("first,second", "5432,5433")
assert (by_psycopg["host"], by_psycopg.get("port")) == ("second:5433", None)

of_libpq = conninfo_to_dict(OF_LIBPQ)
assert (of_libpq["host"], of_libpq["port"]) == ("first,second", "5432,5433")
try:
    make_url(OF_LIBPQ)
except Exception as error:
    print("libpq's form, by SQLAlchemy:", type(error).__name__, error)
else:
    raise AssertionError("make_url takes libpq's form now")
PY
