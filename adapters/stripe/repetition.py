"""Making something at Stripe once, however often it has to be asked for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from adapters.stripe.client import FailureRemembered

Made = TypeVar("Made")

#: Callers who come within this time use the same second key.
SECOND_KEY_SECONDS: Final = 5


async def made_once(
    key: str, create: Callable[[str], Awaitable[Made]], find: Callable[[], Awaitable[Made | None]]
) -> Made:
    """What ``create`` makes under an idempotency key, or made before.

    Stripe answers a repetition as it answered the first call, its own failures (500) included, for a day: under that
    key nothing is ever to be had. Whether the work was done before the failure nobody knows, so it is looked for
    with ``find``, and made under another key only where it is not there.
    """
    try:
        return await create(key)
    except FailureRemembered:
        made = await find()
        return made if made is not None else await create(f"{key}:{int(time.time()) // SECOND_KEY_SECONDS}")
