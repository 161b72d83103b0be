"""Making something at Stripe once, however often it has to be asked for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from adapters.stripe.client import KeySpent

Made = TypeVar("Made")

#: Callers who come within this time use the same second key.
SECOND_KEY_SECONDS: Final = 5


async def made_once(
    key: str, create: Callable[[str], Awaitable[Made]], find: Callable[[], Awaitable[Made | None]]
) -> Made:
    """What ``create`` makes under an idempotency key, or made before.

    Stripe answers a repetition as it answered the first call, its own failures (500) included, for a day, and refuses
    one that asks for anything else. Whether the work was done by that first call nobody knows, so it is looked for with
    ``find``, and made under another key only where it is not there.
    """
    try:
        return await create(key)
    except KeySpent:
        made = await find()
        return made if made is not None else await create(f"{key}:{int(time.time()) // SECOND_KEY_SECONDS}")
