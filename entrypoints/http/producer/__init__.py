"""The producer API: everything under /producer, opened by a producer's bearer token."""

from __future__ import annotations

from litestar import Router

from entrypoints.http.producer import audit_log

router = Router("/producer", route_handlers=[audit_log.router])
