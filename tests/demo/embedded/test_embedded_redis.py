from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from demo.embedded import EmbeddedRedis


@pytest.fixture
def redis_engine(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path) as redis_engine:
        yield redis_engine


@pytest.fixture
def client(redis_engine: EmbeddedRedis) -> Iterator[Redis]:
    with Redis.from_url(redis_engine.url, decode_responses=True) as client:
        yield client


def test_the_url_names_the_loopback_and_the_first_database(redis_engine: EmbeddedRedis, client: Redis) -> None:
    address = urlsplit(redis_engine.url)

    assert (address.scheme, address.hostname, address.path) == ("redis", "127.0.0.1", "/0")
    assert client.ping()


def test_nobody_gets_in_without_the_password(redis_engine: EmbeddedRedis) -> None:
    port = urlsplit(redis_engine.url).port or 0
    with Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(AuthenticationError):
        stranger.get("secret")


def test_it_listens_on_the_loopback_and_writes_what_it_is_told(client: Redis) -> None:
    assert client.config_get("bind") == {"bind": "127.0.0.1"}
    assert client.config_get("appendonly") == {"appendonly": "yes"}
    assert client.config_get("appendfsync") == {"appendfsync": "everysec"}


def test_without_durability_it_waits_for_no_disk_and_settings_can_be_chosen(tmp_path: Path) -> None:
    with (
        EmbeddedRedis(tmp_path, durable=False, settings={"maxclients": "77"}) as redis_engine,
        Redis.from_url(redis_engine.url, decode_responses=True) as client,
    ):
        assert client.config_get("appendfsync") == {"appendfsync": "no"}
        assert client.config_get("maxclients") == {"maxclients": "77"}


def test_queues_survive_a_restart(redis_engine: EmbeddedRedis, client: Redis) -> None:
    client.xadd("queue", {"task": "mail"})

    redis_engine.stop()
    redis_engine.start()

    assert client.xlen("queue") == 1


def test_queues_survive_a_kill(redis_engine: EmbeddedRedis, client: Redis) -> None:
    client.xadd("queue", {"task": "mail"})

    redis_engine.kill()
    assert not redis_engine.is_running
    redis_engine.start()

    assert client.xlen("queue") == 1


def test_the_password_is_readable_by_its_owner_only(redis_engine: EmbeddedRedis, tmp_path: Path) -> None:
    password = urlsplit(redis_engine.url).password or ""
    keepers = [path for path in tmp_path.rglob("*.[jc]*") if path.is_file() and password in path.read_text()]

    assert {path.name for path in keepers} == {"redis.json", "valkey.conf"}
    assert {path.stat().st_mode & 0o777 for path in keepers} == {0o600}
