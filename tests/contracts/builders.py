"""Objects that the contract tests store: shorter factories, with fields that must survive storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from adapters.system.ids import SystemIds
from application.ports.unit_of_work import UnitOfWork
from domain.access import AccessToken, Scope, hash_secret
from domain.cart import Cart
from domain.catalog import Producer, ProducerFinancial, Show, Ticket
from domain.customer import Customer
from domain.inventory import Inventory
from domain.offering import Offering
from domain.orders import Idempotency, Order, OrderStatus
from domain.policy import CheckoutPolicy
from domain.promotions import TicketPromoCode
from domain.refunds import Refund
from domain.stock import Stock
from domain.tasks import OutboxTask, TaskKind
from tests.support import factories

#: To the microsecond, so a test notices if storage rounds a time.
NOW = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)
POLICY = CheckoutPolicy()
ADA = factories.customer(phone="+15551234567")

new_id = SystemIds().new


def issue(_show_id: UUID) -> tuple[UUID, str]:
    """A new admission. Its ids sort in the order they were made, because attendees keep that order."""
    return new_id(), uuid4().hex


def a_producer(*, financial: ProducerFinancial | None = None, name: str = "Kleines Theater") -> Producer:
    """A producer with a separate account."""
    producer = factories.producer(name=name, account=f"acct_{uuid4().hex}")
    return replace(producer, financial=financial) if financial else producer


def a_show(producer: Producer, *, starts_in: timedelta = timedelta(days=30)) -> Show:
    """On sale; doors open half an hour before it starts, and it lasts two hours."""
    start_time = NOW + starts_in
    return factories.show(
        by=producer,
        description="With an interval.",
        venue="Große Straße 1",
        door_time=start_time - timedelta(minutes=30),
        start_time=start_time,
        end_time=start_time + timedelta(hours=2),
        timezone="Europe/Berlin",
    )


def a_ticket(show: Show, *, price: int = 25_00, quantity: int = 100, name: str = "Stalls") -> Ticket:
    return factories.ticket(of=show, price=price, quantity=quantity, name=name, description="Rows 1 to 9")


def a_promo_code(show: Show, code: str = "TEST20", *, max_uses: int | None = None, **fields: Any) -> TicketPromoCode:
    """20 % off, for two days."""
    valid_from, valid_until = NOW - timedelta(days=1), NOW + timedelta(days=1)
    return factories.promo_code(
        of=show, code=code, max_uses=max_uses, valid_from=valid_from, valid_until=valid_until, **fields
    )


def a_cart(quantities: Mapping[Ticket, int], *, promo_code: str | None = None) -> Cart:
    """A cart of tickets of one show."""
    return factories.cart(*quantities.items(), promo_code=promo_code)


def an_order(
    producer: Producer,
    show: Show,
    quantities: Mapping[Ticket, int],
    *,
    promo_code: TicketPromoCode | None = None,
    now: datetime = NOW,
    customer: Customer = ADA,
    idempotency_key: str | None = None,
    policy: CheckoutPolicy = POLICY,
) -> Order:
    """The order that a checkout makes of a cart, on a separate stock: nothing is stored, no counter changes."""
    stock = Stock([replace(t, inventory=Inventory(10)) for t in quantities], [promo_code] if promo_code else [])
    return Offering(show, producer, stock, policy).place(
        a_cart(quantities, promo_code=promo_code.code if promo_code else None),
        customer,
        order_id=new_id(),
        issue=issue,
        now=now,
        idempotency=Idempotency(idempotency_key, b"\x00fingerprint\xff") if idempotency_key else None,
    )


def a_task(order: Order, *, due_at: datetime = NOW) -> OutboxTask:
    return OutboxTask(id=new_id(), kind=TaskKind.CONFIRMATION_MAIL, order_id=order.id, due_at=due_at)


def a_producers_task(producer: Producer, *, due_at: datetime = NOW) -> OutboxTask:
    return OutboxTask(
        id=new_id(),
        kind=TaskKind.ACCOUNT_CHANGED_MAIL,
        producer_id=producer.id,
        due_at=due_at,
        details={"recipient": "alt@kleines-theater.example", "name_before": "Großes Theater"},
    )


def a_refund(order: Order, *, sequence: int = 1, amount: int = 10_00) -> Refund:
    """A refund that Stripe does not know of."""
    return Refund(
        id=new_id(),
        order_id=order.id,
        sequence=sequence,
        amount=amount,
        refund_fees=True,
        reason="Krank geworden",
        created_at=NOW,
    )


def a_token(producer: Producer) -> AccessToken:
    return AccessToken(
        id=new_id(),
        producer_id=producer.id,
        name="Door",
        scopes=frozenset({Scope.CHECKIN, Scope.ORDERS}),
        secret_hash=hash_secret(uuid4().hex),
        created_at=NOW,
    )


class Theatre:
    """A producer with one show: ``stalls`` (25.00), ``gallery`` (10.00) and the promo code TEST20 (20 % off)."""

    def __init__(self, *, quantity: int = 100, max_uses: int | None = None) -> None:
        self.producer = a_producer()
        self.show = a_show(self.producer)
        self.stalls = a_ticket(self.show, quantity=quantity)
        self.gallery = a_ticket(self.show, price=10_00, quantity=quantity, name="Gallery")
        self.promo_code = a_promo_code(self.show, max_uses=max_uses)

    async def store(self, uow: UnitOfWork) -> None:
        """Store everything; the caller commits."""
        await uow.producers.add(self.producer)
        await uow.shows.add(self.show)
        await uow.tickets.add(self.stalls)
        await uow.tickets.add(self.gallery)
        await uow.promo_codes.add(self.promo_code)

    def order(
        self,
        quantity: int = 2,
        *,
        with_promo_code: bool = False,
        now: datetime = NOW,
        idempotency_key: str | None = None,
    ) -> Order:
        """An order of stalls."""
        return an_order(
            self.producer,
            self.show,
            {self.stalls: quantity},
            promo_code=self.promo_code if with_promo_code else None,
            now=now,
            idempotency_key=idempotency_key,
        )


def paid(order: Order, *, tax: int = 0) -> Order:
    """The completed order, with its tickets."""
    return replace(
        order,
        status=OrderStatus.COMPLETED,
        completed_at=NOW,
        amount_paid=order.quote.total + tax,
        tax=tax,
        payment_intent_id=f"pi_{order.id.hex}",
    ).with_attendees(issue)
