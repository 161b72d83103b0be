"""What a browser is called in the list of a person's sessions."""

from __future__ import annotations

from typing import Any

from litestar import Request


def device_of(request: Request[Any, Any, Any]) -> str:
    """What the browser calls itself."""
    return request.headers.get("user-agent", "")
