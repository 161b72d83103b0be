"""PostgreSQL and Redis."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from adapters.postgres import schema
from adapters.postgres.inspection import DatabaseFacts, facts_of, role_time_outs
from adapters.redis import inspection as redis_inspection
from adapters.redis.inspection import RedisFacts
from entrypoints.container import Container
from entrypoints.doctor.clocks import compare_clocks
from entrypoints.doctor.findings import Examination, Finding


def of_engines(container: Container) -> list[Examination]:
    """The examinations of PostgreSQL and Redis. Where DATABASE_URL or REDIS_URL is not set these are our own."""

    async def database() -> Finding:
        return _about_database(await facts_of(container.engine()))

    async def database_schema() -> Finding:
        newest = schema.newest_revision()
        current = await asyncio.to_thread(schema.current_revision, container.settings().database_url or "")
        if current != newest:
            words = f"the database is at schema {current or 'none'}, this version needs {newest}"
            return Finding("schema", words, "run `piquetickets migrate`")
        return Finding("schema", f"at {newest}, the newest")

    async def database_clock() -> Finding:
        facts = await facts_of(container.engine())
        return compare_clocks("the database", facts.clock, container.own_clock().now())

    async def redis() -> Finding:
        facts = await redis_inspection.facts_of(container.redis())
        is_encrypted = redis_inspection.is_encrypted(container.settings().redis_url or "")
        return _about_redis(facts, is_encrypted=is_encrypted)

    async def redis_clock() -> Finding:
        seconds, microseconds = await container.redis().time()
        theirs = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)
        return compare_clocks("Redis", theirs, container.own_clock().now())

    database_mend = "start the database, or correct DATABASE_URL"
    redis_mend = "start Redis, or correct REDIS_URL"
    return [
        Examination("database", database, database_mend),
        Examination("schema", database_schema, database_mend),
        Examination("clock against the database", database_clock, database_mend),
        Examination("redis", redis, redis_mend),
        Examination("clock against Redis", redis_clock, redis_mend),
    ]


def _about_database(facts: DatabaseFacts) -> Finding:
    what, words = "database", f"PostgreSQL {facts.version}, {_encryption(is_encrypted=facts.is_encrypted)}"
    primary_mend = "point DATABASE_URL to the primary (with several hosts: target_session_attrs=read-write)"
    if facts.is_standby:
        return Finding(what, f"{words}: a standby, which takes no orders", primary_mend)
    if facts.is_read_only:
        fix = "make it writable: see default_transaction_read_only of server, database and role"
        return Finding(what, f"{words}: it is read-only", fix)
    if facts.waiting_commits:
        words = f"{words}: {facts.waiting_commits} commits wait for a standby that does not confirm them"
        return Finding(what, words, "bring the standby back, or take it out of synchronous_standby_names")
    if facts.is_pooled and not facts.has_time_outs:
        words = f"{words}, behind a pooler that lets reads wait without end"
        return Finding(what, words, f"give the role of DATABASE_URL our time-outs: {role_time_outs()}")
    return Finding(what, f"{words}, behind a pooler" if facts.is_pooled else words)


def _about_redis(facts: RedisFacts, *, is_encrypted: bool) -> Finding:
    what, words = "redis", f"answers, version {facts.version}, {_encryption(is_encrypted=is_encrypted)}"
    if facts.is_cluster:
        return Finding(what, f"{words}: a node of a cluster", "point REDIS_URL to a server that stands alone")
    if facts.is_replica:
        return Finding(what, f"{words}: a replica, which takes no keys", "point REDIS_URL to the primary")
    if facts.refusal:
        return Finding(what, f"{words}: {facts.refusal}", "repair that server, or correct REDIS_URL")
    return Finding(what, words)


def _encryption(*, is_encrypted: bool) -> str:
    return "with TLS" if is_encrypted else "without TLS"
