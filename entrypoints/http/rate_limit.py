"""Guards that answer 429 to whoever asks too often."""

from __future__ import annotations

import math
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import TooManyRequestsException
from litestar.handlers import BaseRouteHandler

from adapters.redis.rate_limit import RateLimit

#: Where create_app leaves the limit in the application's state: guards get no dependencies.
CHECKOUT_RATE_LIMIT = "checkout_rate_limit"


async def limit_checkouts(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: CHECKOUT_RATE_LIMIT for each client address. Raises TooManyRequestsException."""
    limit: RateLimit = connection.app.state[CHECKOUT_RATE_LIMIT]
    address = connection.client.host if connection.client else "unknown"
    refused_for_seconds = await limit.refused_for(f"checkout:{address}")
    if refused_for_seconds is not None:
        raise TooManyRequestsException(
            "Too many checkouts from your address, please wait a moment",
            headers={"Retry-After": str(math.ceil(refused_for_seconds))},
        )
