"""The data that carts and orders need of the tickets on sale, and the counters of what is held and sold."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.cart import Cart
from domain.catalog import Producer, Show
from domain.claims import Claim, Claimed
from domain.errors import NotFound
from domain.offering import Offering
from domain.orders import Order
from domain.policy import CheckoutPolicy
from domain.stock import Stock


@dataclass(frozen=True, slots=True)
class CheckoutData:
    """The data for carts, as one transaction sees it: shows, their producers, and the stock.

    ``used_keys`` are the requested Idempotency-Keys that already have an order. ``claimed`` is what each requested
    claimant's key has of its show, if anything. ``in_use`` names the rows that were passed over, tickets and
    allocations by their ids, promo codes by their show's id and their code; they are not in the stock. A ticket whose
    capacity was passed over counts as passed over.
    """

    shows: Mapping[UUID, Show]
    producers: Mapping[UUID, Producer]
    stock: Stock
    used_keys: frozenset[str] = frozenset()
    claimed: Mapping[int, Claimed] = field(default_factory=dict)
    in_use: frozenset[Hashable] = frozenset()
    _offerings: dict[UUID, Offering] = field(default_factory=dict, init=False, repr=False, compare=False)

    def offering(self, show_id: UUID, policy: CheckoutPolicy) -> Offering:
        """The show on sale, the same one each time: it remembers its prices. Raises NotFound."""
        offering = self._offerings.get(show_id)
        if offering is None or offering.policy is not policy:
            show = self.shows.get(show_id)
            if show is None:
                raise NotFound("No such show", field="show_id")
            offering = Offering(show, self.producers[show.producer_id], self.stock, policy)
            self._offerings[show_id] = offering
        return offering


@dataclass(frozen=True, slots=True)
class OrdersForUpdate:
    """Orders with their shows and their stock, as one transaction sees them."""

    orders: Mapping[UUID, Order]
    shows: Mapping[UUID, Show]
    stock: Stock


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """The claimants' keys to look up; claims that ended before ``now`` do not count."""

    keys: Collection[int]
    now: datetime


class InventoryRepo(Protocol):
    """The stock of shows on sale."""

    async def read(self, carts: Sequence[Cart]) -> CheckoutData:
        """The data for the carts, without locks."""
        ...

    async def lock(
        self,
        carts: Sequence[Cart],
        *,
        keys: Collection[str] = (),
        claimants: ClaimQuery | None = None,
        pass_over: bool = False,
    ) -> CheckoutData:
        """The same, locked until the transaction ends: the tickets, their capacities, the carts' allocations and the
        promo codes, each in id order, then the keys of claimants, in their order. Another transaction that asks for one
        of them waits.

        Shows, producers, prices and which of the Idempotency-Keys ``keys`` are used are read after the locks are
        acquired, so they are as fresh as possible (P1-007). Raises RowsInUse if another transaction locks a row for
        long. With ``pass_over`` it does not wait: rows that others have locked are left out of the stock, and named.
        """
        ...

    async def lock_stock(self, orders: Sequence[Order]) -> Stock:
        """The tickets, capacities, allocations and promo codes of orders, locked. Lock the orders themselves first."""
        ...

    async def lock_places(
        self,
        *,
        ticket_ids: Collection[UUID] = (),
        capacity_ids: Collection[UUID] = (),
        allocation_ids: Collection[UUID] = (),
    ) -> Stock:
        """These tickets, capacities and allocations, and the capacities that the tickets and allocations are of, as far
        as they exist: locked until the transaction ends. Lock a show first.
        """
        ...

    async def lock_orders(self, order_ids: Collection[UUID]) -> OrdersForUpdate:
        """The orders that exist, then their tickets, capacities, allocations and promo codes: locked in id order until
        the transaction ends.

        All other data is read after the locks are acquired.
        """
        ...

    async def save(self, stock: Stock) -> None:
        """Write the counters that changed."""
        ...

    async def claim(self, claims: Sequence[Claim]) -> None:
        """Store the claims of orders that hold tickets, or took free ones."""
        ...

    async def forget_claims(self, *, now: datetime, limit: int) -> int:
        """Delete claims that have ended, at most ``limit``. Returns how many."""
        ...
