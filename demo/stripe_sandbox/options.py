"""The options of a sandbox."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

DEFAULT_WEBHOOK_SECRET = "whsec_sandbox_0000000000000000"  # noqa: S105 - a public test value, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How one sandbox listens and behaves.

    ``port`` 0 takes a free one. ``public_url`` is the address buyers' browsers use where it differs from the
    address listened on (containers). ``webhook_events`` limits delivery to these event types, as the
    enabled events of an endpoint do at Stripe; None delivers all. ``rate_per_second`` bounds all API calls,
    ``endpoint_rate_per_second`` those of each operation; None is no bound. ``tax_rate`` is what automatic tax
    charges (0.08875 for 8.875 %). ``clock`` gives seconds since the epoch. ``retained_objects`` bounds how
    many objects of one kind and how many idempotency keys are remembered, ``retained_events`` and
    ``retained_requests`` the same of events and of the request log: the oldest are forgotten first. A paid order
    takes about 30 kB.
    """

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str | None = None
    webhook_url: str | None = None
    webhook_secret: str = DEFAULT_WEBHOOK_SECRET
    webhook_events: frozenset[str] | None = None
    rate_per_second: float | None = None
    endpoint_rate_per_second: float | None = None
    rate_limit_retry_after_seconds: int | None = None
    tax_rate: Decimal = Decimal(0)
    clock: Callable[[], float] = time.time
    livemode: bool = False
    retained_objects: int = 50_000
    retained_events: int = 10_000
    retained_requests: int = 5_000
