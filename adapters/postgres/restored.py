"""What must not go on from where it was, in a database that is as it was some time ago."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg

from adapters.postgres.engine import create_sync_engine

#: Why a task waits for the operator, as ``piquetickets tasks list`` says it.
HELD_BACK: Final = "held back by a restore: it may have been done since the backup"
# A task that is due later cannot have been done before. It goes on as planned.
_HOLD_BACK: Final = """
UPDATE outbox SET state = 'dead', last_error = concat_ws('; ', %(why)s::text, last_error)
WHERE state = 'pending' AND due_at <= now()
"""
#: Ways in that were opened, used up or taken back since then: their people sign in once more.
_WAYS_IN: Final = ("office_sessions", "sign_in_links", "passkey_challenges", "pairings")
# The digests of the days since then were sent. One in the week of a change of the clocks may come an hour off, once.
_SKIP_DIGESTS: Final = """
UPDATE digests SET day = day + days, due_at = due_at + make_interval(days => days)
FROM (
    SELECT producer_id, person_id, 1 + floor(extract(epoch FROM now() - due_at) / 86400)::int AS days
    FROM digests WHERE due_at <= now()
) missed
WHERE (digests.producer_id, digests.person_id) = (missed.producer_id, missed.person_id)
"""


@dataclass(frozen=True, slots=True)
class StillValid:
    """What works as it did then, and may have been revoked since."""

    devices: int
    tokens: int


def settle(connection: psycopg.Connection) -> int:
    """Hold back the tasks that may have been done since, end all sessions and links of the office, and skip the digests
    that were sent. Returns how many tasks. The caller commits. It works on any schema that a backup can have.
    """
    held = connection.execute(_HOLD_BACK, {"why": HELD_BACK}).rowcount
    for table in _WAYS_IN:
        if _exists(connection, table):
            connection.execute(f"DELETE FROM {table}".encode())  # noqa: S608  # one of ours
    if _exists(connection, "digests"):
        connection.execute(_SKIP_DIGESTS)
    return held


def settle_database(database_url: str) -> StillValid:
    """Settle a database of the newest schema. It may be done again. Raises sqlalchemy.exc.OperationalError."""
    with create_sync_engine(database_url).connect() as pooled:
        connection = pooled.connection.driver_connection
        assert isinstance(connection, psycopg.Connection)  # noqa: S101  # what the engine was made for
        settle(connection)
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM devices WHERE revoked_at IS NULL),"
            " (SELECT count(*) FROM access_tokens WHERE revoked_at IS NULL)"
        ).fetchone()
        connection.commit()
    return StillValid(*counts or (0, 0))


def _exists(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
    return bool(row and row[0])
