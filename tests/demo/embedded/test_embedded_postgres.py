import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import scalar_row

from demo.embedded import EmbeddedPostgres, EngineError


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def value(url: str, query: str) -> object:
    with psycopg.connect(url, row_factory=scalar_row) as connection:
        return connection.execute(query.encode()).fetchone()


def output_of(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def default_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("postgres")


@pytest.fixture(scope="module")
def default_postgres(default_data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server with production's settings, for tests that leave it running."""
    with EmbeddedPostgres(default_data_dir) as postgres:
        yield postgres


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """The test's own server, to be stopped, killed and damaged."""
    with EmbeddedPostgres(tmp_path, durable=False) as postgres:
        yield postgres


def test_the_url_works_for_any_client_on_the_machine(default_postgres: EmbeddedPostgres) -> None:
    psql = default_postgres.pgbench.with_name("psql")

    shown = output_of(psql, default_postgres.url, "-Atc", "SELECT current_user || '@' || current_database()")

    assert shown.strip() == "piquetickets@piquetickets"
    assert default_postgres.url.startswith("postgresql://piquetickets:")
    assert "@127.0.0.1:" in default_postgres.url


def test_the_server_is_durable_and_sound_by_default(default_postgres: EmbeddedPostgres) -> None:
    expected = {
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "listen_addresses": "127.0.0.1",
        "max_connections": "200",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
        "synchronous_commit": "on",
        "unix_socket_directories": "",
        "wal_segment_size": str(4 * 1024 * 1024),
    }
    with psycopg.connect(default_postgres.url) as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(expected)]
        ).fetchall()
        major_version = connection.info.server_version // 10_000

    assert dict(rows) == expected
    assert major_version == 18


def test_without_durability_it_waits_for_no_disk_and_settings_can_be_chosen(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, durable=False, settings={"max_connections": "30"}) as postgres:
        assert value(postgres.url, "SHOW fsync") == "off"
        assert value(postgres.url, "SHOW max_connections") == "30"


def test_nobody_gets_in_without_the_password(default_postgres: EmbeddedPostgres) -> None:
    password = default_postgres.url.split(":")[2].split("@")[0]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(default_postgres.url.replace(password, "guess"))


def test_the_application_is_no_superuser(default_postgres: EmbeddedPostgres) -> None:
    assert value(default_postgres.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_the_password_is_readable_by_its_owner_only(default_postgres: EmbeddedPostgres, default_data_dir: Path) -> None:
    password = default_postgres.url.split(":")[2].split("@")[0]
    keepers = [path for path in default_data_dir.iterdir() if path.is_file() and password in path.read_text()]

    assert [path.stat().st_mode & 0o777 for path in keepers] == [0o600]


def test_a_restart_keeps_url_and_data(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, durable=False) as postgres:
        first_url = postgres.url
        execute(first_url, "CREATE TABLE seats AS SELECT 42 AS number")

    with EmbeddedPostgres(tmp_path, durable=False) as postgres:
        assert postgres.url == first_url
        assert value(postgres.url, "SELECT number FROM seats") == 42


def test_commits_survive_a_kill(postgres: EmbeddedPostgres) -> None:
    execute(postgres.url, "CREATE TABLE seats AS SELECT 42 AS number")
    with closing(psycopg.connect(postgres.url)) as client:
        client.execute("SELECT 1")
        postgres.kill()
        assert not postgres.is_running

    postgres.start()

    assert value(postgres.url, "SELECT number FROM seats") == 42


def test_a_stale_process_id_does_not_keep_it_from_starting(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.kill()
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    _, *rest = pid_file.read_text().splitlines(keepends=True)
    pid_file.write_text("".join([f"{os.getpid()}\n", *rest]))

    postgres.start()

    assert value(postgres.url, "SELECT 1") == 1


def test_an_interrupted_first_start_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "postgres.draft" / "base").mkdir(parents=True)
    (tmp_path / "postgres.draft" / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(tmp_path, durable=False) as postgres:
        assert value(postgres.url, "SELECT 1") == 1


def test_a_lost_password_is_replaced(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    old_url = postgres.url
    postgres.stop()
    (tmp_path / "postgres.json").write_text('{"port": 54')

    postgres.start()

    assert postgres.url != old_url
    assert value(postgres.url, "SELECT 1") == 1


def test_data_of_another_major_version_are_refused(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.stop()
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(EngineError, match="was written by PostgreSQL 17, and this is PostgreSQL 18"):
        postgres.start()


def test_databases_are_created_from_templates_and_dropped_under_their_users(default_postgres: EmbeddedPostgres) -> None:
    template_url = default_postgres.create_database("template with spaces")
    execute(template_url, "CREATE TABLE seats AS SELECT 7 AS number")

    copy_url = default_postgres.create_database("copy", template="template with spaces")

    with closing(psycopg.connect(copy_url, row_factory=scalar_row)) as user:
        assert user.execute("SELECT number FROM seats").fetchone() == 7
        default_postgres.drop_database("copy")
    default_postgres.drop_database("copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy_url)


def test_pgbench_comes_along(default_postgres: EmbeddedPostgres) -> None:
    assert output_of(default_postgres.pgbench, "--version").startswith("pgbench (PostgreSQL) 18")
