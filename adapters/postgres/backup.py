"""Backups: all rows of one moment, in one ZIP file that this software alone can read back.

Each table is an entry in the text form of COPY, and ``manifest.json`` is the last one. The schema is not in it: it is
known by its revision, which the migrations make. So a backup needs no tool of PostgreSQL's, fits every version of the
server, and is restored into a newer version of this software.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from importlib.metadata import version
from io import BufferedIOBase
from typing import IO, Any, Final, Literal, cast

import msgspec
import psycopg
from psycopg import sql

from adapters.postgres import schema
from adapters.postgres.engine import create_sync_engine
from adapters.postgres.restored import settle

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
#: Bytes that are compressed, and read back, at a time.
_PIECE: Final = 1 << 18
#: Reading and writing all rows takes as long as it takes. The last one is of PostgreSQL 17.
_PATIENCE: Final = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
_TABLES: Final = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'alembic_version'
GROUP BY c.relname ORDER BY c.relname
"""
_REFERENCES: Final = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = current_schema()::regnamespace
"""
_COUNTERS: Final = """
SELECT c.relname, a.attname::text, pg_get_serial_sequence(quote_ident(c.relname), a.attname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attidentity <> '' AND a.attnum > 0
"""


class UnusableBackup(Exception):
    """A file that is no backup, is damaged, or does not fit. ``str(error)`` is a sentence for the operator."""


class TableContent(msgspec.Struct, frozen=True):
    """A table of a backup. ``sha256`` is of its entry, uncompressed."""

    name: str
    columns: list[str]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup has. ``taken_at`` is by the database's clock, ``revision`` the one of its schema."""

    format: int
    taken_at: datetime
    software: str
    revision: str
    tables: list[TableContent]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def count(self, name: str) -> int:
        """The rows of a table."""
        return next((table.rows for table in self.tables if table.name == name), 0)


def write_backup(database_url: str, out: IO[bytes]) -> Manifest:
    """Write all rows as they are at one moment, while others go on writing. ``out`` may be a pipe.

    Raises UnusableBackup for a database without our schema, sqlalchemy.exc.OperationalError.
    """
    revision = schema.current_revision(database_url)
    if revision is None:
        raise UnusableBackup("the database is empty: there is nothing to back up")
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with _session(database_url, begin) as connection, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        (taken_at,) = _all(connection, "SELECT now()")[0]
        tables = [_copy_out(connection, archive, name, columns) for name, columns in _all(connection, _TABLES)]
        manifest = Manifest(FORMAT, taken_at.astimezone(UTC), version("piquetickets"), revision, tables)
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


def _copy_out(connection: psycopg.Connection, archive: zipfile.ZipFile, name: str, columns: list[str]) -> TableContent:
    digest, piece = hashlib.sha256(), bytearray()
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(name), _listed(columns))
    with archive.open(_entry(name), "w", force_zip64=True) as entry, connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in copy:
                piece += row
                if len(piece) >= _PIECE:
                    digest.update(piece)
                    entry.write(piece)
                    piece.clear()
        digest.update(piece)
        entry.write(piece)
        return TableContent(name, columns, cursor.rowcount, digest.hexdigest())


def read_manifest(file: IO[bytes]) -> Manifest:
    """The manifest of a backup, after each of its entries was read and compared with it. Raises UnusableBackup."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
            if manifest.format != FORMAT or not schema.knows(manifest.revision):
                raise UnusableBackup(
                    f"the backup is of schema {manifest.revision}, made by version {manifest.software}: "
                    "it takes that version, or a newer one, to restore it"
                )
            for table in manifest.tables:
                with archive.open(_entry(table.name)) as entry:
                    if hashlib.file_digest(cast("BufferedIOBase", entry), "sha256").hexdigest() != table.sha256:
                        raise UnusableBackup(f"the backup is damaged: {table.name} is not what was backed up")
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, msgspec.DecodeError) as error:
        raise UnusableBackup(f"this is no backup, or a damaged one: {error}") from error
    return manifest


def load_backup(database_url: str, file: IO[bytes], manifest: Manifest) -> None:
    """Fill an empty database, and bring it to the newest schema. All rows come in one transaction, which also settles
    what must not go on from where it was (``adapters/postgres/restored.py``).

    Raises UnusableBackup for a database that is not empty, sqlalchemy.exc.OperationalError.
    """
    _ensure_empty(database_url, manifest.revision)
    schema.upgrade(database_url, manifest.revision)
    content = {table.name: table for table in manifest.tables}
    with _session(database_url, "BEGIN") as connection, zipfile.ZipFile(file) as archive:
        if unknown := set(content) - {name for name, _ in _all(connection, _TABLES)}:
            raise UnusableBackup(f"the backup has tables that its schema has not: {', '.join(sorted(unknown))}")
        _fire_triggers(connection, content, "DISABLE")  # what they wrote is in the backup
        for name in _referred_first(connection, content):
            _copy_in(connection, archive, content[name])
        _fire_triggers(connection, content, "ENABLE")
        _set_counters(connection)
        settle(connection)
        connection.execute("ANALYZE")
        connection.commit()
    schema.upgrade(database_url)


def _ensure_empty(database_url: str, revision: str) -> None:
    if schema.current_revision(database_url) not in (None, revision):
        raise UnusableBackup("the database has a schema already: restore into a new, empty one")
    with _session(database_url, "BEGIN READ ONLY") as connection:
        for name, _ in _all(connection, _TABLES):
            found = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name))
            if _all(connection, found)[0][0]:
                raise UnusableBackup(f"the database has rows in {name}: restore into a new, empty one")


def _referred_first(connection: psycopg.Connection, content: dict[str, TableContent]) -> Iterator[str]:
    order: TopologicalSorter[str] = TopologicalSorter({name: set() for name in content})
    for referring, referred in _all(connection, _REFERENCES):
        order.add(referring, referred)
    return (name for name in order.static_order() if name in content)


def _copy_in(connection: psycopg.Connection, archive: zipfile.ZipFile, table: TableContent) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), _listed(table.columns))
    with archive.open(_entry(table.name)) as entry, connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            while piece := entry.read(_PIECE):
                copy.write(piece)
        if cursor.rowcount != table.rows:
            raise UnusableBackup(f"{table.name} has {cursor.rowcount} rows, and {table.rows} were backed up")


def _fire_triggers(
    connection: psycopg.Connection, tables: Iterable[str], whether: Literal["ENABLE", "DISABLE"]
) -> None:
    """Switch our own triggers; those of foreign keys stay."""
    for name in tables:
        connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(name), sql.SQL(whether)))


def _set_counters(connection: psycopg.Connection) -> None:
    for table, column, counter in _all(connection, _COUNTERS):
        highest = sql.SQL("SELECT setval({}, coalesce(max({}), 0) + 1, false) FROM {}")
        connection.execute(highest.format(sql.Literal(counter), sql.Identifier(column), sql.Identifier(table)))


@contextmanager
def _session(database_url: str, begin: str) -> Iterator[psycopg.Connection]:
    """A transaction that may take its time. It is rolled back unless the caller commits."""
    with create_sync_engine(database_url).connect() as pooled:
        connection = pooled.connection.driver_connection
        assert isinstance(connection, psycopg.Connection)  # noqa: S101  # what the engine was made for
        connection.autocommit = True
        connection.execute(begin)
        known = {name for (name,) in _all(connection, "SELECT name FROM pg_settings")}
        for name in known.intersection(_PATIENCE):
            connection.execute(sql.SQL("SET LOCAL {} = 0").format(sql.Identifier(name)))
        try:
            yield connection
        finally:
            if not connection.closed:
                connection.rollback()


def _all(connection: psycopg.Connection, query: str | sql.Composed) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode() if isinstance(query, str) else query).fetchall()


def _listed(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _entry(table: str) -> str:
    return f"tables/{table}.copy"
