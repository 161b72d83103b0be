"""What is rehearsed: how many people come in which time, and what serves them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: The most buyers: what a run takes grows with their square.
MAX_BUYERS: Final = 20_000
#: A day. An on-sale that goes on for longer has no crowd.
MAX_MINUTES: Final = 24 * 60
MAX_SEED: Final = 2**63 - 1
MAX_PROCESSES: Final = 64
#: What Stripe allows an account in live mode, in calls a second at one endpoint, unless it was asked for more
#: (https://docs.stripe.com/rate-limits); and more than it allows.
STRIPE_ALLOWS: Final = 25
MAX_STRIPE_ALLOWS: Final = 10_000


class Victim(StrEnum):
    """The process that is killed while the sale is at its busiest."""

    SERVER = "server"
    WORKER = "worker"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """``buyers`` come within ``minutes`` of the opening. ``servers`` serve the API, ``workers`` send the mails; each is
    a process with a processor for itself. ``stripe_allows`` calls a second at each of its endpoints. ``as_new`` takes
    nothing as sold or held yet.
    """

    buyers: int
    minutes: float
    seed: int = 1
    servers: int = 2
    workers: int = 1
    stripe_allows: float = STRIPE_ALLOWS
    victim: Victim = Victim.SERVER
    as_new: bool = False
