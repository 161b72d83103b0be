"""PostgreSQL, Redis, and the worker that keeps its sign of life there."""

from __future__ import annotations

import asyncio

from adapters.postgres import schema
from adapters.postgres.inspection import facts_of
from entrypoints.container import Container
from entrypoints.doctor.clocks import compare_clocks
from entrypoints.doctor.findings import Examination, Finding


def of_engines(container: Container) -> list[Examination]:
    """Where DATABASE_URL or REDIS_URL is not set these are our own."""

    async def database() -> Finding:
        facts = await facts_of(container.engine())
        return Finding("database", f"PostgreSQL {facts.version}")

    async def database_schema() -> Finding:
        newest = schema.newest_revision()
        current = await asyncio.to_thread(schema.current_revision, container.settings().database_url or "")
        if current != newest:
            words = f"the database is at schema {current or 'none'}, this version needs {newest}"
            return Finding("schema", words, "run `piquetickets migrate`")
        return Finding("schema", f"at {newest}, the newest")

    async def database_clock() -> Finding:
        facts = await facts_of(container.engine())
        return compare_clocks("the database", facts.clock, container.clock().now())

    async def redis() -> Finding:
        info = await container.redis().info("server")
        return Finding("redis", f"answers, version {info.get('valkey_version') or info.get('redis_version')}")

    async def worker() -> Finding:
        seconds = await container.heartbeat().seconds_ago()
        if seconds is None:
            return Finding("worker", "none was heard of lately", "start `piquetickets worker` on the same REDIS_URL")
        return Finding("worker", f"alive {max(seconds, 0):.0f} seconds ago")

    database_mend = "start the database, or mend DATABASE_URL"
    redis_mend = "start Redis, or mend REDIS_URL"
    return [
        Examination("database", database, database_mend),
        Examination("schema", database_schema, database_mend),
        Examination("clock against the database", database_clock, database_mend),
        Examination("redis", redis, redis_mend),
        Examination("worker", worker, redis_mend),
    ]
