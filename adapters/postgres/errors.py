"""The meaning of a PostgreSQL error: try later, try again, or a mistake.

The codes are those of PostgreSQL 18, Appendix A "PostgreSQL Error Codes"
(https://www.postgresql.org/docs/18/errcodes-appendix.html, read in November 2026). psycopg's classes do not separate
these cases: a database that has become read-only is an ``InternalError``, like a broken table, and a statement that
takes too long is an ``OperationalError``, like a lost connection.
"""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from application.ports.unit_of_work import RowsInUse, StorageConflict, StorageUnavailable
from domain.errors import InvalidRequest


class Meaning(enum.Enum):
    """What the caller can do about an error."""

    NOT_NOW = "the database cannot do it now: the caller comes back later"
    AGAIN = "another transaction came in between: repeat this one at once"
    DEFECT = "a mistake of ours, or a broken database: trying again does not help"


#: By class: the first two characters of a code. A class that is not listed is a defect.
CLASSES: Final = MappingProxyType(
    {
        "08": Meaning.NOT_NOW,  # connection exception; a pooler's refusals come as 08P01
        "28": Meaning.NOT_NOW,  # invalid authorization: a password that was just changed
        "40": Meaning.AGAIN,  # transaction rollback: deadlock, serialization failure
        "53": Meaning.NOT_NOW,  # insufficient resources: disk, memory, connections
        "55": Meaning.NOT_NOW,  # not in the required state: a lock that is not available, recovery
        "57": Meaning.NOT_NOW,  # operator intervention: shutdown, statement time-out, database starting
        "58": Meaning.NOT_NOW,  # system error: I/O
        "F0": Meaning.NOT_NOW,  # configuration file
    }
)
#: Codes whose meaning differs from that of their class.
CODES: Final = MappingProxyType(
    {
        "0A000": Meaning.AGAIN,  # "cached plan must not change result type": after a migration; see translated()
        "25006": Meaning.NOT_NOW,  # read-only: a standby, or a primary that is about to be one
        "25P03": Meaning.NOT_NOW,  # idle in transaction for too long
        "25P04": Meaning.NOT_NOW,  # the transaction took too long
        "26000": Meaning.AGAIN,  # a prepared statement is unknown: a pooler gave us another session
        "3D000": Meaning.NOT_NOW,  # no such database, as while it is restored
        "40002": Meaning.DEFECT,  # integrity
        "40003": Meaning.NOT_NOW,  # whether the statement was completed is unknown
        "42P05": Meaning.AGAIN,  # a prepared statement already exists: also a pooler
        "55P02": Meaning.DEFECT,  # a parameter that cannot be changed
        "55P04": Meaning.DEFECT,  # a new value of an enumeration, used too early
        "57P04": Meaning.NOT_NOW,  # the database was dropped
    }
)
LOCK_NOT_AVAILABLE: Final = "55P03"
#: The session has lost our prepared statements, or has others under their names.
STATEMENT_LOST: Final = frozenset({"0A000", "26000", "42P05"})
#: We must not write to this server, or it is about to stop. Another one may now be the primary.
SERVER_LEFT: Final = frozenset({"25006", "57P01", "57P02", "57P03"})

#: Two requests stored the same thing at the same time: an Idempotency-Key on shows that share no lock, a person, an
#: invitation, a passkey, a shift, cash that was moved or a print job. The one that comes second finds it when it tries
#: again.
_STORED_AT_ONCE: Final = frozenset(
    {
        "orders_idempotency_key_key",
        "persons_address_key",
        "invitations_producer_id_address_key",
        "passkeys_credential_id_key",
        "shifts_open_idx",
        "cash_movements_pkey",
        "cash_movements_takes_back_key",
        "print_jobs_pkey",
    }
)
_CACHED_PLAN = "cached plan"


def meaning_of(sqlstate: str) -> Meaning:
    """The meaning of the code, whichever statement failed with it."""
    return CODES.get(sqlstate) or CLASSES.get(sqlstate[:2], Meaning.DEFECT)


def cause_of(error: BaseException | None) -> BaseException | None:
    """The driver's error inside SQLAlchemy's."""
    return error.orig if isinstance(error, DBAPIError) else error


def sqlstate_of(error: BaseException | None) -> str | None:
    """The server's code; None if the error did not come from a server."""
    cause = cause_of(error)
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def translated(error: Exception) -> Exception:
    """The port's error for a database error; a defect is returned unchanged."""
    if isinstance(error, PoolTimeout):
        return StorageUnavailable("All database connections are in use")
    cause = cause_of(error)
    if isinstance(cause, OSError):
        return StorageUnavailable(str(cause))
    if isinstance(cause, psycopg.IntegrityError) and cause.diag.constraint_name in _STORED_AT_ONCE:
        return StorageConflict(str(cause))
    if isinstance(cause, psycopg.DataError) and "NUL" in str(cause):
        # NUL is the only character that text in PostgreSQL cannot contain; JSON and addresses can.
        return InvalidRequest("Text must not contain NUL characters")
    if isinstance(cause, psycopg.Error):
        return _by_code(cause, error)
    return error


def _by_code(cause: psycopg.Error, error: Exception) -> Exception:
    if cause.sqlstate is None:  # not from the server: the connection is lost, or was never made
        is_lost = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
        return StorageUnavailable(str(cause)) if is_lost else error
    if cause.sqlstate == "0A000" and _CACHED_PLAN not in str(cause):
        return error  # a feature that the server lacks
    if cause.sqlstate == LOCK_NOT_AVAILABLE:
        return RowsInUse(str(cause))
    match meaning_of(cause.sqlstate):
        case Meaning.NOT_NOW:
            return StorageUnavailable(str(cause))
        case Meaning.AGAIN:
            return StorageConflict(str(cause))
    return error
