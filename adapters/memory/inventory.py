"""InventoryRepo in memory."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.orders import MemoryOrderRepo
from adapters.memory.tables import Tables
from application.ports.inventory import CheckoutData, ClaimQuery, OrdersForUpdate
from application.ports.unit_of_work import RowsInUse
from domain.cart import Cart
from domain.catalog import Ticket
from domain.claims import Claim, Claimed
from domain.orders import HOLDING, SOLD, Order
from domain.promotions import TicketPromoCode
from domain.stock import Stock


class MemoryInventoryRepo:
    def __init__(self, tables: Tables, in_use: Collection[Hashable] = ()) -> None:
        self._tables = tables
        self._in_use = in_use

    async def read(self, carts: Sequence[Cart]) -> CheckoutData:
        tables = self._tables
        show_ids = {cart.show_id for cart in carts}
        ticket_ids = {ticket_id for cart in carts for ticket_id in cart.ticket_ids}
        shows = {id_: show for id_, show in tables.shows.items() if id_ in show_ids}
        return CheckoutData(
            shows=shows,
            producers={show.producer_id: tables.producers[show.producer_id] for show in shows.values()},
            stock=self._stock(
                [ticket for id_, ticket in tables.tickets.items() if id_ in ticket_ids],
                [promo for promo in tables.promo_codes.values() if promo.show_id in show_ids],
                {cart.allocation_id for cart in carts} | {promo.allocation_id for promo in self._codes_of(carts)},
            ),
        )

    async def lock(
        self,
        carts: Sequence[Cart],
        *,
        keys: Collection[str] = (),
        claimants: ClaimQuery | None = None,
        pass_over: bool = False,
    ) -> CheckoutData:
        used = {order.idempotency.key for order in self._tables.orders.values() if order.idempotency}
        data = await self.read(carts)
        tickets, allocations = data.stock.tickets, data.stock.allocations
        codes = self._codes_of(carts)
        in_use = frozenset(self._in_use).intersection(
            [*tickets, *allocations, *((promo.show_id, promo.code) for promo in codes)]
        )
        in_use |= {ticket.id for ticket in tickets.values() if ticket.capacity_id in self._in_use}
        in_use |= {(promo.show_id, promo.code) for promo in codes if promo.allocation_id in in_use}
        if in_use and not pass_over:
            raise RowsInUse("a row is in use")
        return replace(
            data,
            stock=self._stock(
                [ticket for id_, ticket in tickets.items() if id_ not in in_use],
                [promo for promo in codes if (promo.show_id, promo.code) not in in_use],
                allocations.keys() - in_use,
            ),
            in_use=in_use,
            used_keys=frozenset(used.intersection(keys)),
            claimed=self._claimed(claimants) if claimants else {},
        )

    def _codes_of(self, carts: Sequence[Cart]) -> list[TicketPromoCode]:
        wanted = {(cart.show_id, cart.promo_code) for cart in carts if cart.promo_code}
        return [promo for promo in self._tables.promo_codes.values() if (promo.show_id, promo.code) in wanted]

    def _claimed(self, claimants: ClaimQuery) -> dict[int, Claimed]:
        claimed: dict[int, Claimed] = {}
        for claim in self._tables.ticket_claims.values():
            order = self._tables.orders[claim.order_id]
            counts = order.status in (SOLD if claim.is_free else HOLDING)
            if claim.key not in claimants.keys or claim.ends_at <= claimants.now or not counts:
                continue
            had = claimed.get(claim.key, Claimed())
            claimed[claim.key] = Claimed(
                had.held_tickets + (0 if claim.is_free else claim.tickets),
                had.held_orders + (0 if claim.is_free else 1),
                had.free_tickets + (claim.tickets if claim.is_free else 0),
            )
        return claimed

    async def claim(self, claims: Sequence[Claim]) -> None:
        self._tables.ticket_claims.update({(claim.key, claim.order_id): claim for claim in claims})

    async def forget_claims(self, *, now: datetime, limit: int) -> int:
        ended = [place for place, claim in self._tables.ticket_claims.items() if claim.ends_at <= now][:limit]
        for place in ended:
            del self._tables.ticket_claims[place]
        return len(ended)

    async def lock_stock(self, orders: Sequence[Order]) -> Stock:
        lines = [line for order in orders for line in order.lines]
        promo_code_ids = {order.promo_code_id for order in orders if order.promo_code_id}
        return self._stock(
            [self._tables.tickets[id_] for id_ in {line.ticket_id for line in lines}],
            [self._tables.promo_codes[id_] for id_ in promo_code_ids],
            {line.allocation_id for line in lines},
        )

    async def lock_places(
        self,
        *,
        ticket_ids: Collection[UUID] = (),
        capacity_ids: Collection[UUID] = (),
        allocation_ids: Collection[UUID] = (),
    ) -> Stock:
        tables = self._tables
        tickets = [ticket for id_, ticket in tables.tickets.items() if id_ in ticket_ids]
        allocations = [allocation for id_, allocation in tables.allocations.items() if id_ in allocation_ids]
        wanted = {*capacity_ids, *(ticket.capacity_id for ticket in tickets), *(a.capacity_id for a in allocations)}
        capacities = [capacity for id_, capacity in tables.capacities.items() if id_ in wanted]
        return Stock(tickets, [], capacities, allocations)

    def _stock(
        self, tickets: Sequence[Ticket], promo_codes: Iterable[TicketPromoCode], allocation_ids: Collection[UUID | None]
    ) -> Stock:
        """The stock of these tickets, with their capacities."""
        capacity_ids = {ticket.capacity_id for ticket in tickets}
        capacities = [capacity for id_, capacity in self._tables.capacities.items() if id_ in capacity_ids]
        allocations = [allocation for id_, allocation in self._tables.allocations.items() if id_ in allocation_ids]
        return Stock(tickets, promo_codes, capacities, allocations)

    async def lock_orders(self, order_ids: Collection[UUID]) -> OrdersForUpdate:
        orders = await MemoryOrderRepo(self._tables).lock(order_ids)
        return OrdersForUpdate(
            orders=orders,
            shows={order.show_id: self._tables.shows[order.show_id] for order in orders.values()},
            stock=await self.lock_stock(list(orders.values())),
        )

    async def save(self, stock: Stock) -> None:
        for ticket in stock.changed_tickets:
            current = self._tables.tickets[ticket.id]
            self._tables.tickets[ticket.id] = replace(current, inventory=ticket.inventory)
        for capacity in stock.changed_capacities:
            name = self._tables.capacities[capacity.id].name
            self._tables.capacities[capacity.id] = replace(capacity, name=name)
        for allocation in stock.changed_allocations:
            stored = self._tables.allocations[allocation.id]
            self._tables.allocations[allocation.id] = replace(
                allocation, name=stored.name, release_at=stored.release_at
            )
        for promo_code in stock.changed_promo_codes:
            self._tables.promo_codes[promo_code.id] = promo_code
