"""The meaning of PostgreSQL's errors: try later, try again at once, or fix a mistake of ours."""

from __future__ import annotations

import psycopg
import psycopg.errors
import pytest
from sqlalchemy.exc import DBAPIError

from adapters.postgres.errors import CLASSES, CODES, Meaning, meaning_of, translated
from application.ports.unit_of_work import RowsInUse, StorageConflict, StorageUnavailable


def known_codes() -> dict[str, type[psycopg.Error]]:
    """Every code of the PostgreSQL that the installed psycopg was made for."""
    classes = [kind for kind in vars(psycopg.errors).values() if isinstance(kind, type)]
    return {kind.sqlstate: kind for kind in classes if issubclass(kind, psycopg.Error) and kind.sqlstate}


def an_error(code: str, words: str = "words") -> Exception:
    return DBAPIError("SELECT 1", None, psycopg.errors.lookup(code)(words))


def test_the_table_names_codes_that_there_are() -> None:
    # To renew the table: read the appendix of the newest PostgreSQL, and classify what these lines do not know.
    assert set(CODES) <= set(known_codes())
    assert set(CLASSES) <= {code[:2] for code in known_codes()}


def test_every_class_is_decided_on() -> None:
    defects = {"01", "02", "03", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "22", "23", "24", "25"}
    defects |= {"26", "27", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "42", "44", "54", "72", "HV", "P0"}
    assert {code[:2] for code in known_codes()} - set(CLASSES) <= defects | {"XX"}


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("08006", StorageUnavailable),  # connection failure
        ("08P01", StorageUnavailable),  # what a pooler says
        ("25006", StorageUnavailable),  # read-only
        ("25P03", StorageUnavailable),  # idle in transaction
        ("25P04", StorageUnavailable),  # transaction time-out
        ("28P01", StorageUnavailable),  # password
        ("3D000", StorageUnavailable),  # no such database
        ("40001", StorageConflict),  # serialization
        ("40P01", StorageConflict),  # deadlock
        ("40003", StorageUnavailable),  # completion unknown
        ("53100", StorageUnavailable),  # disk full
        ("53200", StorageUnavailable),  # out of memory
        ("53300", StorageUnavailable),  # too many connections
        ("55P03", RowsInUse),  # lock not available
        ("57014", StorageUnavailable),  # statement time-out
        ("57P01", StorageUnavailable),  # shutdown
        ("57P02", StorageUnavailable),  # crash
        ("57P03", StorageUnavailable),  # starting up
        ("57P05", StorageUnavailable),  # idle session
        ("58030", StorageUnavailable),  # I/O
        ("26000", StorageConflict),  # a prepared statement that another session has
        ("42P05", StorageConflict),
    ],
)
def test_what_is_for_later_is_told_as_such(code: str, raised: type[Exception]) -> None:
    assert type(translated(an_error(code))) is raised
    assert type(translated(psycopg.errors.lookup(code)("words"))) is raised


@pytest.mark.parametrize(
    "code", ["22012", "23505", "25P02", "40002", "42501", "42601", "42703", "42P01", "54000", "54001", "XX000", "XX001"]
)
def test_a_mistake_stays_one(code: str) -> None:
    error = an_error(code)
    assert meaning_of(code) is Meaning.DEFECT
    assert translated(error) is error


def test_a_plan_of_before_a_migration_is_repeated_and_a_missing_feature_is_not() -> None:
    assert isinstance(translated(an_error("0A000", "cached plan must not change result type")), StorageConflict)
    missing = an_error("0A000", "there is no such feature")
    assert translated(missing) is missing
