"""What carts and orders ask of the tickets on sale, and the counters of what is held and sold."""

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
    """What carts ask about, as one transaction sees it: shows, their producers, and the stock.

    ``used_keys``: those of the Idempotency-Keys asked about that an order was placed under. ``claimed``: what each
    claimant's key that was asked about has of its show, where it has anything. ``in_use``: what was passed over,
    tickets by their ids, promo codes by their show's id and their code; it is not in the stock.
    """

    shows: Mapping[UUID, Show]
    producers: Mapping[UUID, Producer]
    stock: Stock
    used_keys: frozenset[str] = frozenset()
    claimed: Mapping[int, Claimed] = field(default_factory=dict)
    in_use: frozenset[Hashable] = frozenset()

    def offering(self, show_id: UUID, policy: CheckoutPolicy) -> Offering:
        """The show on sale. Raises NotFound."""
        show = self.shows.get(show_id)
        if show is None:
            raise NotFound("No such show", field="show_id")
        return Offering(show, self.producers[show.producer_id], self.stock, policy)


@dataclass(frozen=True, slots=True)
class OrdersForUpdate:
    """Orders and what they are about, as one transaction sees it: their shows, and the stock that is theirs."""

    orders: Mapping[UUID, Order]
    shows: Mapping[UUID, Show]
    stock: Stock


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """Which claimants' keys are asked about; claims that ended before ``now`` do not count."""

    keys: Collection[int]
    now: datetime


class InventoryRepo(Protocol):
    """The stock of shows on sale."""

    async def read(self, carts: Sequence[Cart]) -> CheckoutData:
        """Everything the carts ask about, without locks."""
        ...

    async def lock(
        self,
        carts: Sequence[Cart],
        *,
        keys: Collection[str] = (),
        claimants: ClaimQuery | None = None,
        pass_over: bool = False,
    ) -> CheckoutData:
        """The same, with the tickets and then the promo codes locked in id order until the transaction ends, and then
        the keys of claimants, in their order: another transaction that asks about one of them waits.

        Shows, producers, prices and which of the Idempotency-Keys ``keys`` are used are read after the locks were had,
        so they are as fresh as can be (P1-007). Raises RowsInUse where another transaction keeps a row for long, and
        does not wait at all with ``pass_over``: what others have is not in the stock then, but named.
        """
        ...

    async def lock_stock(self, orders: Sequence[Order]) -> Stock:
        """The tickets and promo codes of orders, locked. Lock the orders themselves first."""
        ...

    async def lock_orders(self, order_ids: Collection[UUID]) -> OrdersForUpdate:
        """The orders that exist, then their tickets and promo codes: locked in id order until the transaction ends.

        Everything else is read after the locks were had.
        """
        ...

    async def save(self, stock: Stock) -> None:
        """Write the counters that changed."""
        ...

    async def claim(self, claims: Sequence[Claim]) -> None:
        """Remember for whom orders count that hold tickets, or took free ones."""
        ...

    async def forget_claims(self, *, now: datetime, limit: int) -> int:
        """Claims that have ended, so many at a time. How many there were."""
        ...
