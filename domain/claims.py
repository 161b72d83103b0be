"""Limits on what one buyer may have of a show without paying: tickets on hold, and free tickets.

Two keys identify a buyer: one for the e-mail address, one for the network. Neither reveals who the buyer is
(``application.checkout.claimants``). The transaction that places the order counts the limits, so parallel requests
cannot exceed them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.errors import HoldLimitReached

#: How long free tickets count for a network; for an e-mail address they count until the show is over.
FREE_TICKETS_COUNT_FOR: Final = timedelta(days=1)


def canonical_email(address: str) -> str:
    """One spelling for all addresses that reach the same person: case, dots in the local part and a plus sign with what
    follows it are ignored, and googlemail.com is gmail.com.
    """
    local_part, _, domain = unicodedata.normalize("NFKC", address.strip()).casefold().rpartition("@")
    plain = local_part.partition("+")[0].replace(".", "")
    return f"{plain or local_part}@{'gmail.com' if domain == 'googlemail.com' else domain}"


@dataclass(frozen=True, slots=True)
class Claimant:
    """The buyer who asks: the keys of their e-mail address and of their network, each for one show."""

    email: int
    network: int

    @property
    def keys(self) -> tuple[int, int]:
        return self.email, self.network


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The most that one key may have of a show at a time. None means no limit."""

    held_tickets: int | None
    held_orders: int | None
    free_tickets: int | None

    @property
    def is_unlimited(self) -> bool:
        return (self.held_tickets, self.held_orders, self.free_tickets) == (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPolicy:
    """The allowances of a key.

    A family shares an address, a school class a network; a network may be a whole town's mobile provider.
    """

    per_email: Allowance = Allowance(held_tickets=20, held_orders=4, free_tickets=20)
    per_network: Allowance = Allowance(held_tickets=60, held_orders=30, free_tickets=60)

    @property
    def is_unlimited(self) -> bool:
        return self.per_email.is_unlimited and self.per_network.is_unlimited

    def limited_keys(self, claimant: Claimant) -> list[int]:
        """The claimant's keys that have a limit; only these need to be looked up."""
        email = [] if self.per_email.is_unlimited else [claimant.email]
        return email if self.per_network.is_unlimited else [*email, claimant.network]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What one key has of a show."""

    held_tickets: int = 0
    held_orders: int = 0
    free_tickets: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Tickets of one order that count against a key until ``ends_at``, or until they are paid or given back.

    ``is_network`` tells a network's key from an e-mail address's key.
    """

    key: int
    order_id: UUID
    tickets: int
    is_free: bool
    is_network: bool
    ends_at: datetime


class Claims:
    """The claims of all buyers in one transaction; ``new`` has those to be written."""

    def __init__(self, claimed: Mapping[int, Claimed], policy: ClaimPolicy) -> None:
        self._claimed = dict(claimed)
        self._policy = policy
        self.new: list[Claim] = []

    def ensure(self, claimant: Claimant, tickets: int, *, is_free: bool) -> None:
        """Raises HoldLimitReached. A buyer who has nothing yet may always place one order."""
        for key, allowance, whose in (
            (claimant.email, self._policy.per_email, "under this e-mail address"),
            (claimant.network, self._policy.per_network, "from your network"),
        ):
            claimed = self._claimed.get(key)
            if claimed is None:
                continue
            if is_free:
                _ensure_free(claimed, allowance, tickets, whose)
            else:
                _ensure_held(claimed, allowance, tickets, whose)

    def add(self, claimant: Claimant, order_id: UUID, tickets: int, *, hold_ends_at: datetime) -> None:
        """Record that the order holds tickets until they are paid, or until ``hold_ends_at``."""
        for key in claimant.keys:
            had = self._claimed.get(key, Claimed())
            self._claimed[key] = Claimed(had.held_tickets + tickets, had.held_orders + 1, had.free_tickets)
            self._remember(claimant, key, order_id, tickets, is_free=False, ends_at=hold_ends_at)

    def add_free(
        self, claimant: Claimant, order_id: UUID, tickets: int, *, now: datetime, show_ends_at: datetime
    ) -> None:
        """Record that the order took free tickets."""
        for key, ends_at in ((claimant.email, show_ends_at), (claimant.network, now + FREE_TICKETS_COUNT_FOR)):
            had = self._claimed.get(key, Claimed())
            self._claimed[key] = Claimed(had.held_tickets, had.held_orders, had.free_tickets + tickets)
            self._remember(claimant, key, order_id, tickets, is_free=True, ends_at=ends_at)

    def _remember(
        self, claimant: Claimant, key: int, order_id: UUID, tickets: int, *, is_free: bool, ends_at: datetime
    ) -> None:
        is_network = key == claimant.network
        self.new.append(Claim(key, order_id, tickets, is_free=is_free, is_network=is_network, ends_at=ends_at))


def _ensure_held(claimed: Claimed, allowance: Allowance, tickets: int, whose: str) -> None:
    if not claimed.held_orders:
        return
    too_many_tickets = allowance.held_tickets is not None and claimed.held_tickets + tickets > allowance.held_tickets
    too_many_orders = allowance.held_orders is not None and claimed.held_orders + 1 > allowance.held_orders
    if too_many_tickets or too_many_orders:
        raise HoldLimitReached(
            f"{claimed.held_tickets} tickets of this show are on hold {whose} and not paid yet: please pay or cancel "
            "those orders first, or ask the organiser"
        )


def _ensure_free(claimed: Claimed, allowance: Allowance, tickets: int, whose: str) -> None:
    most = allowance.free_tickets
    if most is not None and claimed.free_tickets and claimed.free_tickets + tickets > most:
        raise HoldLimitReached(
            f"{claimed.free_tickets} free tickets of this show were taken {whose} already: please ask the organiser "
            "for more"
        )
