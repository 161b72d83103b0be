"""Making an object at Stripe once, however often the call is repeated."""

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
    """The object that ``create`` makes with an idempotency key, or made before.

    For a day Stripe answers a repetition as it answered the first call, even its own failures (500), and refuses a
    repetition with other parameters. We cannot know whether the first call did the work. So ``find`` looks for the
    object, and only if it is absent does ``create`` make it with another key.
    """
    try:
        return await create(key)
    except KeySpent:
        made = await find()
        return made if made is not None else await create(f"{key}:{int(time.time()) // SECOND_KEY_SECONDS}")
