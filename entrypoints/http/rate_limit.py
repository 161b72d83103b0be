"""Answering 429 to whoever asks too often, before the request's body is looked at."""

from __future__ import annotations

import math
from typing import Any

from litestar import Request
from litestar.exceptions import TooManyRequestsException

from adapters.redis.rate_limit import RateLimit

#: Where create_app leaves the limit in the application's state: hooks get no dependencies.
CHECKOUT_RATE_LIMIT = "checkout_rate_limit"


async def limit_checkouts(request: Request[Any, Any, Any]) -> None:
    """A handler's ``before_request``: CHECKOUT_RATE_LIMIT for each client address. Raises TooManyRequestsException."""
    limit: RateLimit = request.app.state[CHECKOUT_RATE_LIMIT]
    address = request.client.host if request.client else "unknown"
    refused_for_seconds = await limit.refused_for(f"checkout:{address}")
    if refused_for_seconds is not None:
        raise TooManyRequestsException(
            "Too many checkouts from your address, please wait a moment",
            headers={"Retry-After": str(math.ceil(refused_for_seconds))},
        )
