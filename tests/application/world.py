"""The whole application on the memory adapters, and a few that misbehave on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from adapters.memory.balance import MemoryBalanceReader
from adapters.memory.calendar import MemoryCalendarWriter
from adapters.memory.checkin import MemoryListSigner
from adapters.memory.consistency import MemoryConsistencyChecker
from adapters.memory.lock import MemoryLock
from adapters.memory.mail import MemoryEmailTemplates, MemoryMailer, MemoryTicketRenderer
from adapters.memory.notifier import MemoryNotifier
from adapters.memory.payment import MemoryPayment, MemoryPaymentEvents
from adapters.memory.pictures import MemoryStudio
from adapters.memory.readiness import MemoryReadiness
from adapters.memory.report import MemoryReportReader
from adapters.memory.retention import MemoryRetention
from adapters.memory.system import MemoryClock, MemoryIds
from adapters.memory.throttle import MemoryAllowance, MemoryThrottle
from adapters.memory.unit_of_work import MemoryDatabase
from adapters.memory.work_log import MemoryWorkLog
from application.access.audit_log import AuditLog
from application.catalog.allocations import ChangeAllocation, ReleaseAllocation, ReleaseDueAllocations
from application.catalog.capacities import ChangeCapacity
from application.catalog.connected_accounts import ChangeAccount
from application.catalog.runs import CopyShow
from application.catalog.save_account import SaveAccount
from application.catalog.show_overviews import GetShowOverview, LookOverShows
from application.catalog.timezones import ApplyTimezones, CheckTimezones
from application.checkin.decide_scans import ScanLine
from application.checkin.lookup import TicketLookup
from application.checkin.offline import SyncOfflineScans
from application.checkin.scan import CheckIn
from application.checkin.undo import UndoCheckIn
from application.checkout.box_office import SellAtCounter, SellManyAtCounter
from application.checkout.checkout import Checkout
from application.checkout.exchange import ExchangeTickets
from application.checkout.place_orders import CheckoutLine, CheckoutRequest, PlaceOrders
from application.links import Links
from application.notifications.confirmation import SendConfirmationEmail
from application.notifications.delivery import SendEmail
from application.notifications.late_payment import SendLatePaymentEmail
from application.notifications.order_links import LookUpOrders
from application.operations.consistency import CheckConsistency
from application.orders.customer import ChangeCustomer
from application.orders.rename import RenameAttendee
from application.payments.completion import CompleteOrder
from application.payments.order_payments import OrderPayments
from application.payments.pending_payments import AnnouncePendingPayments
from application.payments.reconciliation import Reconcile
from application.payments.release import CancelOrder, ReleaseOrder
from application.payments.release_sweep import ReleaseCancelled, ReleaseOverdue
from application.payments.session import FindPayPage, OpenSession
from application.payments.transfer_description import DescribeTransfer
from application.ports.payment import PaymentBusy, PaymentQueued, PaymentSession, PaymentUnavailable
from application.ports.report import ReportReader
from application.refunds.cancellation import PreviewCancellation
from application.refunds.disputes import SyncDispute
from application.refunds.refund_order import PreviewRefund, RefundOrder
from application.refunds.refund_status import SyncRefundStatus
from application.refunds.show_refunds import RefundCancelled, RefundShow
from application.refunds.submit_refunds import SubmitRefunds
from application.tasks.dispatch import TaskDispatcher
from application.tasks.run import RunTask
from application.webhooks.event_handlers import EventHandlers, KeepEvent
from application.webhooks.handle_event import HandlePaymentEvent
from application.webhooks.review import ListFailedEvents, ReviewRefundsAndDisputes
from domain.capacity import Allocation, Capacity
from domain.cart import Cart
from domain.catalog import Producer, Ticket
from domain.orders import Idempotency, Order
from domain.policy import CheckoutPolicy
from domain.promotions import TicketPromoCode
from domain.refunds import Refund
from domain.tasks import OutboxTask
from domain.ticket_code import TicketCodes
from entrypoints.container import Container
from entrypoints.settings import Settings
from tests.support.factories import Wanted, cart, customer, producer, show

#: Nothing in memory takes this long: a test that does hangs.
HANGS_SECONDS: Final = 20
#: The settings of the world: its address, its own secret, and the operator who gets mails about disputes.
SETTINGS: Final = Settings(public_url="https://tickets.example", operator_email="operator@example.org")
#: The signature of the world's provider.
SIGNATURE: Final = "signed by the provider"
A_DAY: Final = timedelta(days=1)


class FlakyPayment(MemoryPayment):
    """``busy`` makes the provider say that the call is already being processed; ``losing_answers`` makes it open the
    session, and lose the answer. It refuses ``too_many_calls`` calls for a session as too fast. Sessions in
    ``miscounted`` report one cent too much as paid, and those in ``unreachable`` cannot be read. ``asked`` are the
    sessions that were read, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.busy = False
        self.losing_answers = False
        self.opened: list[str] = []
        self.too_many_calls = 0
        self.miscounted: set[str] = set()
        self.unreachable: set[str] = set()
        self.asked: list[str] = []

    @override
    async def open_session(
        self, order: Order, *, success_url: str, cancel_url: str, max_wait_seconds: float | None = None
    ) -> PaymentSession:
        if self.busy:
            raise PaymentBusy("in use")
        if self.too_many_calls:
            self.too_many_calls -= 1
            raise PaymentQueued(0)
        session = await super().open_session(
            order, success_url=success_url, cancel_url=cancel_url, max_wait_seconds=max_wait_seconds
        )
        self.opened.append(session.id)
        if self.losing_answers:
            raise PaymentUnavailable("read timed out")
        return session

    @override
    async def session(self, session_id: str) -> PaymentSession:
        self.asked.append(session_id)
        if session_id in self.unreachable:
            raise PaymentUnavailable("connection reset")
        session = await super().session(session_id)
        if session_id not in self.miscounted or session.receipt is None:
            return session
        return replace(session, receipt=replace(session.receipt, amount=session.receipt.amount + 1))

    @override
    async def expire_session(self, session_id: str) -> PaymentSession:
        await super().expire_session(session_id)
        return await self.session(session_id)


class World:
    """The application as the container composes it, with fakes behind its ports.

    Every use case, and every other part of the container, is an attribute with its name in the container. Those that
    are annotated here are known to the type checker, too.
    """

    links: Links
    codes: TicketCodes
    dispatch: TaskDispatcher
    audit: AuditLog
    order_payments: OrderPayments
    place_orders: PlaceOrders
    checkout_line: CheckoutLine
    open_session: OpenSession
    find_pay_page: FindPayPage
    checkout: Checkout
    complete_order: CompleteOrder
    sync_refund_status: SyncRefundStatus
    sync_dispute: SyncDispute
    keep_event: KeepEvent
    event_handlers: EventHandlers
    handle_payment_event: HandlePaymentEvent
    list_failed_events: ListFailedEvents
    review_refunds_and_disputes: ReviewRefundsAndDisputes
    refund_order: RefundOrder
    reconcile: Reconcile
    release_order: ReleaseOrder
    cancel_order: CancelOrder
    release_overdue: ReleaseOverdue
    look_up_orders: LookUpOrders
    send_email: SendEmail
    save_account: SaveAccount
    change_account: ChangeAccount
    release_cancelled: ReleaseCancelled
    refund_show: RefundShow
    refund_cancelled: RefundCancelled
    change_customer: ChangeCustomer
    rename_attendee: RenameAttendee
    reports: ReportReader
    check_consistency: CheckConsistency
    check_timezones: CheckTimezones
    apply_timezones: ApplyTimezones
    send_confirmation_email: SendConfirmationEmail
    send_late_payment_email: SendLatePaymentEmail
    submit_refunds: SubmitRefunds
    describe_transfer: DescribeTransfer
    run_task: RunTask
    announce_pending_payments: AnnouncePendingPayments
    sync_offline_scans: SyncOfflineScans
    check_in: CheckIn
    door: TicketLookup
    scan_line: ScanLine
    undo_check_in: UndoCheckIn
    sell_at_counter: SellAtCounter
    exchange_tickets: ExchangeTickets
    sell_many_at_counter: SellManyAtCounter
    preview_refund: PreviewRefund
    preview_cancellation: PreviewCancellation
    look_over_shows: LookOverShows
    get_show_overview: GetShowOverview
    copy_show: CopyShow
    change_capacity: ChangeCapacity
    change_allocation: ChangeAllocation
    release_allocation: ReleaseAllocation
    release_due_allocations: ReleaseDueAllocations

    def __init__(
        self,
        *,
        database: MemoryDatabase | None = None,
        lock: MemoryLock | None = None,
        payment: FlakyPayment | None = None,
        policy: CheckoutPolicy | None = None,
    ) -> None:
        self.clock = MemoryClock()
        self.order_ids: list[UUID] = []
        self.database = database or MemoryDatabase()
        self.database.clock = self.clock
        self.lock = lock or MemoryLock(wait_seconds=0)
        self.ids = MemoryIds()
        self.payment = payment or FlakyPayment()
        self.notifier = MemoryNotifier()
        self.mailer = MemoryMailer()
        self.free_mails = MemoryAllowance()
        self.email_templates = MemoryEmailTemplates()
        self.mail_pace = MemoryThrottle()
        self.calendars = MemoryCalendarWriter()
        self.container = Container(
            settings=SETTINGS,
            policy=policy or CheckoutPolicy(),
            clock=self.clock,
            ids=self.ids,
            storage=self.database,
            reports=MemoryReportReader(self.database),
            balance=MemoryBalanceReader(self.database),
            consistency_checker=MemoryConsistencyChecker(self.database),
            retention=MemoryRetention(self.database),
            lock=self.lock,
            payment=self.payment,
            payment_for_buyers=self.payment,
            payment_events=MemoryPaymentEvents(SIGNATURE),
            notifier=self.notifier,
            mailer=self.mailer,
            mail_pace=self.mail_pace,
            free_mails=self.free_mails,
            email_templates=self.email_templates,
            calendars=self.calendars,
            ticket_renderer=MemoryTicketRenderer(),
            picture_studio=MemoryStudio(),
            list_signer=MemoryListSigner(),
            database_readiness=MemoryReadiness(),
            redis_readiness=MemoryReadiness(),
            work_log=MemoryWorkLog(self.clock),
        )

    def __getattr__(self, name: str) -> Any:
        provider = self.container.providers.get(name)
        if provider is None:
            raise AttributeError(f"neither the world nor the container has {name}")
        return provider()

    async def sell(
        self,
        *tickets: Ticket,
        promo_codes: Iterable[TicketPromoCode] = (),
        capacities: Iterable[Capacity] = (),
        allocations: Iterable[Allocation] = (),
        by: Producer | None = None,
        **overrides: Any,
    ) -> None:
        """Put the tickets' shows on sale; ``overrides`` are of the shows."""
        seller = by or producer()
        await self.add_producer(seller)
        async with self.database() as uow:
            for show_id in {ticket.show_id for ticket in tickets}:
                await uow.shows.add(show(by=seller, **{"id": show_id, **overrides}))
            for capacity in capacities:
                await uow.capacities.add(capacity)
            for allocation in allocations:
                await uow.allocations.add(allocation)
            for ticket in tickets:
                await uow.tickets.add(ticket)
            for promo_code in promo_codes:
                await uow.promo_codes.add(promo_code)
            await uow.commit()

    async def buy(self, *wanted: Wanted, promo_code: str | None = None, key: str | None = None) -> Order:
        """A checkout."""
        return await self.checkout(request(*wanted, promo_code=promo_code, key=key))

    async def buy_and_pay(self, *wanted: Wanted, promo_code: str | None = None, tax: int = 0) -> Order:
        """A checkout, and its payment with ``tax`` minor units on top."""
        order = await self.buy(*wanted, promo_code=promo_code)
        assert order.session_id
        self.payment.pay(order.session_id, tax=tax)
        return await self.complete_order(order.session_id)

    async def add_producer(self, seller: Producer) -> None:
        async with self.database() as uow:
            await uow.producers.add(seller)
            await uow.commit()

    async def add(self, *orders: Order) -> None:
        async with self.database() as uow:
            await uow.orders.add(orders)
            await uow.commit()

    async def order(self, order_id: UUID) -> Order:
        """The order as it is stored."""
        async with self.database() as uow:
            found = await uow.orders.get(order_id)
        assert found is not None
        return found

    async def counters(self, ticket: Ticket) -> tuple[int, int]:
        """How many of the ticket are held and sold."""
        async with self.database() as uow:
            display = await uow.show_details.details(ticket.show_id)
        assert display is not None
        (inventory,) = [found.inventory for found in display.tickets if found.id == ticket.id]
        return inventory.held, inventory.sold

    async def uses(self, promo_code: TicketPromoCode) -> int:
        async with self.database() as uow:
            sale = await uow.inventory.read([Cart(promo_code.show_id, ())])
        return sale.stock.promo_codes[promo_code.id].uses

    async def tasks(self) -> list[OutboxTask]:
        """All unfinished tasks of the outbox that are due within a day."""
        now = self.clock.now() + A_DAY
        async with self.database() as uow:
            due = await uow.task_queue.due(now=now, limit=1000)
            found = [await uow.task_claims.claim(task_id, now=now, until=now) for task_id in due]
        return [task for task in found if task]

    async def refunds(self, order: Order) -> list[Refund]:
        async with self.database() as uow:
            return await uow.refunds.of_order(order.id)

    async def claimed(self, task: OutboxTask) -> OutboxTask:
        """A new task, claimed as by a worker that may take a day for it."""
        now = self.clock.now()
        async with self.database() as uow:
            await uow.outbox.add([task])
            claimed = await uow.task_claims.claim(task.id, now=now, until=now + A_DAY)
            await uow.commit()
        assert claimed
        return claimed

    async def run_tasks(self) -> None:
        """Try all due tasks of the outbox once."""
        for task in await self.tasks():
            await self.run_task(task.id)

    async def until_it_has_a_session(self, order: Order, *, within_seconds: float = HANGS_SECONDS) -> Order:
        """The order, once it has its session from the background."""
        async with asyncio.timeout(within_seconds):
            while (found := await self.order(order.id)).session_id is None:
                await asyncio.sleep(0.001)
        return found

    async def close(self) -> None:
        await self.checkout_line.close()
        await self.scan_line.close()
        await self.open_session.close()
        await self.dispatch.close()


def request(
    *wanted: Wanted, promo_code: str | None = None, key: str | None = None, **overrides: object
) -> CheckoutRequest:
    """A buyer's request; requests with the same ``key`` for the same cart are the same."""
    asked = cart(*wanted, promo_code=promo_code)
    fingerprint = repr((asked, overrides)).encode()
    return CheckoutRequest(
        **{  # type: ignore[arg-type]
            "cart": asked,
            "customer": customer(),
            "idempotency": Idempotency(key, fingerprint) if key else None,
            **overrides,
        }
    )
