"""PostgreSQL and Valkey started from Python wheels in a data directory: real engines with nothing to install.

    with EmbeddedPostgres(data_dir) as postgres, EmbeddedRedis(data_dir) as redis:
        serve(database_url=postgres.url, redis_url=redis.url)

Any number of processes may do so with the same directory: they share the engines, which run from the first
user's ``start()`` until the last user's ``stop()`` or death. ``supervision.py`` says how.
"""

from demo.embedded.errors import EngineError
from demo.embedded.postgres import EmbeddedPostgres
from demo.embedded.redis import EmbeddedRedis

__all__ = ["EmbeddedPostgres", "EmbeddedRedis", "EngineError"]
