"""DATABASE_URL: how libpq reads it, and our own rules."""

from __future__ import annotations

import os

import psycopg
import pytest
from psycopg.pq import Conninfo

from adapters.postgres.address import BOUNDED, CHOICES, HONOURED, REFUSED, DatabaseAddress
from adapters.postgres.engine import DEFAULTS, create_engine, create_sync_engine
from demo.embedded import EmbeddedPostgres


def given(url: str) -> dict[str, str]:
    return dict(DatabaseAddress.parse(url).parameters)


def test_every_parameter_of_libpq_is_decided_on_once() -> None:
    # To renew the table: read libpq's documentation of a parameter that appears here, and add it to the right table.
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    tables = [HONOURED, BOUNDED.keys(), CHOICES.keys(), REFUSED.keys()]
    decided = [name for table in tables for name in table]
    assert known <= set(decided)
    assert len(decided) == len(set(decided))


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql://a:5432,b:5433/x", "a,b", "5432,5433"),
        ("postgresql://a,b:5433/x", "a,b", ",5433"),
        ("postgresql://[::1]:1,[fe80::2]/x", "::1,fe80::2", "1,"),
        ("postgresql:///x?host=a:5432&host=b:5433", "a,b", "5432,5433"),
        ("postgresql:///x?host=a&host=b:5433", "a,b", ",5433"),
        ("postgresql:///x?host=[::1]:1&host=b:2&sslmode=require", "::1,b", "1,2"),
        ("postgres://a:5432/x", "a", "5432"),
        ("postgresql://u@/x?host=a:5432", "a", "5432"),
    ],
)
def test_hosts_are_named_as_libpq_or_sqlalchemy_has_it(url: str, host: str, port: str) -> None:
    parameters = given(url)
    assert (parameters["host"], parameters["port"]) == (host, port)
    assert parameters.get("target_session_attrs") == ("read-write" if "," in host else None)


def test_of_several_hosts_the_primary_is_meant_unless_said_otherwise() -> None:
    assert given("postgresql://a,b/x")["target_session_attrs"] == "read-write"
    assert given("postgresql://a,b/x?target_session_attrs=any")["target_session_attrs"] == "any"


def test_user_and_password_are_percent_decoded() -> None:
    parameters = given("postgresql://us%40er:p%2Fw%20d@a/x")
    assert (parameters["user"], parameters["password"]) == ("us@er", "p/w d")
    assert given("postgresql://u:two words@a/x")["password"] == "two words"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@a:/x",
        "postgresql://u:hunter2/3@a/x",
        "postgresql://u:hunter2@a:hunter2/x",
        "postgresql://u:hunter2@[a/x",
        "postgresql://u@a/x?password=hunter2&unheard_of=hunter2",
        "postgresql://u@a/x?hunter2-is-no-name=1",
        "mysql://u:hunter2@a/x",
    ],
)
def test_a_refusal_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        DatabaseAddress.parse(url)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_operators_parameters_win_over_ours() -> None:
    arguments = DatabaseAddress.parse("postgresql://a/x?connect_timeout=7&application_name=us").connecting(DEFAULTS, {})
    assert (arguments["connect_timeout"], arguments["application_name"]) == ("7", "us")
    assert arguments["tcp_user_timeout"] == DEFAULTS["tcp_user_timeout"]


async def test_options_mean_the_same_to_every_command(postgres: EmbeddedPostgres) -> None:
    url = f"{postgres.url}?options=-c%20search_path%3Delsewhere%20-c%20statement_timeout%3D7s"
    asked = "SELECT current_setting('search_path'), current_setting('statement_timeout')"
    with create_sync_engine(url, {"lock_timeout": "1s"}).connect() as connection:
        by_commands = [
            *connection.exec_driver_sql(asked).one(),
            connection.exec_driver_sql("SHOW lock_timeout").scalar(),
        ]
    engine = create_engine(url, pool_size=1)
    async with engine.connect() as asynchronous:
        by_servers = (await asynchronous.exec_driver_sql(asked)).one()
        idle = (await asynchronous.exec_driver_sql("SHOW idle_in_transaction_session_timeout")).scalar()
    await engine.dispose()
    async with await psycopg.AsyncConnection.connect(url) as plain:
        by_libpq = await (await plain.execute(asked)).fetchone()

    assert by_commands == ["elsewhere", "7s", "1s"]
    assert (tuple(by_servers), idle) == (("elsewhere", "7s"), "10s")
    assert by_libpq == ("elsewhere", "7s")


def test_options_may_come_from_the_environment_as_libpq_has_it() -> None:
    assert "PGOPTIONS" not in os.environ
    os.environ["PGOPTIONS"] = "-c search_path=y"
    try:
        assert DatabaseAddress.parse("postgresql://a/x").options == "-c search_path=y"
        assert DatabaseAddress.parse("postgresql://a/x?options=-c%20a%3Db").options == "-c a=b"
    finally:
        del os.environ["PGOPTIONS"]
