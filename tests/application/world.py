"""The whole application on the memory adapters, and a few that misbehave on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from adapters.memory.calendar import MemoryCalendarWriter
from adapters.memory.checkin import MemoryListSigner
from adapters.memory.consistency import MemoryConsistencyChecker
from adapters.memory.lock import MemoryLock
from adapters.memory.mail import MemoryEmailTemplates, MemoryMailer, MemoryTicketRenderer
from adapters.memory.metrics import MemoryOrderObserver
from adapters.memory.notifier import MemoryNotifier
from adapters.memory.payment import MemoryPayment, MemoryPaymentEvents
from adapters.memory.report import MemoryReportReader
from adapters.memory.system import MemoryClock, MemoryIds
from adapters.memory.throttle import MemoryAllowance, MemoryThrottle
from adapters.memory.unit_of_work import MemoryDatabase
from application.access.audit_log import AuditLog
from application.catalog.connected_accounts import ChangeAccount
from application.catalog.save_account import SaveAccount
from application.catalog.timezones import ApplyTimezones, CheckTimezones
from application.checkin.offline import IssueOfflineList, ListConflicts, SyncOfflineScans
from application.checkin.scan import CheckIn, TicketLookup, UndoCheckIn
from application.checkout.box_office import SellAtCounter
from application.checkout.checkout import Checkout
from application.checkout.place_orders import CheckoutLine, CheckoutRequest, PlaceOrders
from application.checkout.ticket_issuer import TicketIssuer
from application.concurrency.group_commit import GroupCommit
from application.links import Links, OrderTokens
from application.notifications.account_changed import SendAccountChangedEmail
from application.notifications.address_changed import SendAddressChangedEmail
from application.notifications.calendar_file import WriteCalendar
from application.notifications.confirmation import SendConfirmationEmail
from application.notifications.delivery import SendEmail
from application.notifications.dispute import SendDisputeEmail
from application.notifications.late_payment import SendLatePaymentEmail
from application.notifications.order_links import AddressHashes, LookUpOrders, SendOrderLinksEmail
from application.notifications.pending_payment import SendPendingPaymentEmail
from application.notifications.refund import SendRefundEmail, SendRefundFailedEmail
from application.notifications.reminder import SendReminderEmail
from application.notifications.show_change import SendCalendarEmail, SendShowCancelledEmail, SendShowRescheduledEmail
from application.notifications.ticket_pdf import PrintTickets
from application.operations.consistency import CheckConsistency
from application.orders.customer import ChangeCustomer
from application.orders.lists import ListAttendees, ListOrders
from application.orders.notes import ReadNotes, WriteNote
from application.orders.personal_data import EraseBuyer, ExportBuyer
from application.orders.resend_tickets import ResendTickets
from application.payments.completion import CompleteOrder
from application.payments.duplicate_payments import (
    ReturnDuplicatePayment,
    SendDuplicatePaymentEmail,
    SyncDuplicatePayment,
)
from application.payments.order_payments import OrderPayments
from application.payments.pending_payments import AnnouncePendingPayments
from application.payments.reconciliation import Reconcile
from application.payments.release import CancelOrder, ReleaseOrder
from application.payments.release_sweep import ReleaseCancelled, ReleaseOverdue, ReleaseSweep
from application.payments.session import FindPayPage, OpenSession
from application.payments.transfer_description import DescribeTransfer
from application.ports.payment import PaymentBusy, PaymentQueued, PaymentSession, PaymentUnavailable
from application.ports.report import ReportReader
from application.refunds.disputes import ReverseTransfer, SyncDispute
from application.refunds.refund_order import PreviewRefund, RefundOrder
from application.refunds.refund_status import SyncRefundStatus
from application.refunds.show_refunds import RefundCancelled, RefundShow
from application.refunds.submit_refunds import SubmitRefunds
from application.tasks.dispatch import TaskDispatcher
from application.tasks.run import RunTask
from application.webhooks.event_handlers import EventHandlers, KeepEvent
from application.webhooks.handle_event import HandlePaymentEvent
from application.webhooks.review import ListFailedEvents, ReviewRefundsAndDisputes
from domain.cart import Cart
from domain.catalog import Producer, Ticket
from domain.orders import Idempotency, Order
from domain.policy import CheckoutPolicy
from domain.promotions import TicketPromoCode
from domain.refunds import Refund
from domain.tasks import OutboxTask, TaskKind
from domain.ticket_code import TicketCodes
from tests.support.factories import Wanted, cart, customer, producer, show

#: Nothing in memory takes this long: what does hangs.
HANGS_SECONDS: Final = 20
#: What the provider of the world signs its events with.
SIGNATURE: Final = "signed by the provider"
A_DAY: Final = timedelta(days=1)


class FlakyPayment(MemoryPayment):
    """``busy`` makes the provider say that the call is being worked on already; ``losing_answers`` makes it open the
    session, and the answer get lost. So many calls as ``too_many_calls`` for a session come too fast for it. Sessions
    in ``miscounted`` say that one cent too much was paid, and of those in ``unreachable`` nothing can be learnt.
    ``asked`` are the sessions that were asked about, in order.
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
    """Every use case, wired as in production, and the fakes behind it."""

    def __init__(
        self,
        *,
        database: MemoryDatabase | None = None,
        lock: MemoryLock | None = None,
        payment: FlakyPayment | None = None,
        policy: CheckoutPolicy | None = None,
    ) -> None:
        self.clock = MemoryClock()
        self.database = database or MemoryDatabase()
        self.database.clock = self.clock
        self.lock = lock or MemoryLock(wait_seconds=0)
        self.policy = policy or CheckoutPolicy()
        self.ids = MemoryIds()
        self.payment = payment or FlakyPayment()
        self.notifier = MemoryNotifier()
        self.mailer = MemoryMailer()
        self.free_mails = MemoryAllowance()
        self.observer = MemoryOrderObserver()
        self.codes = TicketCodes("secret")
        self.links = Links("https://tickets.example", OrderTokens("secret"))
        self.dispatch = TaskDispatcher(self.notifier)
        self.audit = AuditLog(self.clock, self.ids)
        self.save_account = SaveAccount(self.clock, self.ids, self.audit)
        self.change_account = ChangeAccount(self.database, self.payment, self.save_account, self.dispatch)
        issue = TicketIssuer(self.ids, self.codes)
        self.order_payments = OrderPayments(self.database, self.clock, self.ids, issue, self.dispatch, self.observer)
        self.place_orders = PlaceOrders(
            self.database, self.lock, self.clock, self.ids, issue, self.dispatch, self.policy, self.audit
        )
        self.line: CheckoutLine = GroupCommit(self.place_orders)
        self.open_session = OpenSession(self.payment, self.database, self.order_payments, self.links, self.clock)
        self.find_pay_page = FindPayPage(self.clock, self.open_session)
        self.checkout = Checkout(self.line, self.open_session)
        self.complete = CompleteOrder(self.payment, self.payment, self.database, self.order_payments)
        self.refund = RefundOrder(self.database, self.clock, self.ids, self.dispatch, self.audit)
        self.preview_refund = PreviewRefund(self.database, self.policy)
        self.sell_at_counter = SellAtCounter(self.database, self.checkout)
        self.list_orders = ListOrders(self.database)
        self.list_attendees = ListAttendees(self.database)
        self.resend = ResendTickets(self.database, self.clock, self.ids, self.dispatch, self.audit)
        self.change_customer = ChangeCustomer(self.database, self.clock, self.ids, self.dispatch, self.audit)
        self.write_note = WriteNote(self.database, self.clock, self.ids, self.audit)
        self.read_notes = ReadNotes(self.database)
        self.export_buyer = ExportBuyer(self.database, self.audit)
        self.erase_buyer = EraseBuyer(self.database, self.clock, self.ids, self.dispatch, self.audit)
        door = TicketLookup(self.codes)
        self.check_in = CheckIn(self.database, self.clock, self.ids, door)
        self.undo_check_in = UndoCheckIn(self.database, self.clock, door, self.audit)
        self.issue_offline_list = IssueOfflineList(self.database, self.clock, MemoryListSigner())
        self.sync_offline_scans = SyncOfflineScans(self.database, self.clock, door)
        self.list_conflicts = ListConflicts(self.database)
        self.reports: ReportReader = MemoryReportReader(self.database)
        self.check_consistency = CheckConsistency(MemoryConsistencyChecker(self.database), self.clock)
        self.check_timezones = CheckTimezones(self.database, self.clock)
        self.apply_timezones = ApplyTimezones(self.database, self.clock, self.audit)
        self.sync_refund_status = SyncRefundStatus(self.database, self.clock, self.ids)
        self.sync_duplicate_payment = SyncDuplicatePayment(self.database, self.payment, self.clock, self.ids)
        self.sync_dispute = SyncDispute(self.database, self.clock, self.ids, self.dispatch, tells_operator=True)
        self.keep_event = KeepEvent(self.database, self.clock)
        self.event_handlers = EventHandlers(
            self.payment,
            self.database,
            self.order_payments,
            self.complete,
            self.sync_refund_status,
            self.sync_duplicate_payment,
            self.sync_dispute,
            self.keep_event,
        )
        self.handle_event = HandlePaymentEvent(
            MemoryPaymentEvents(SIGNATURE),
            self.database,
            self.clock,
            self.event_handlers,
            self.keep_event,
            livemode=False,
        )
        self.reconcile = Reconcile(self.payment, self.database, self.clock, self.order_payments, self.open_session)
        self.list_failed_events = ListFailedEvents(self.database)
        self.review = ReviewRefundsAndDisputes(self.payment, self.database, self.clock, self.event_handlers)
        self.announce_pending_payments = AnnouncePendingPayments(self.database, self.clock)
        self.release = ReleaseOrder(self.payment, self.database, self.order_payments, self.links)
        self.cancel = CancelOrder(self.release, self.database, self.order_payments, self.clock)
        sweep = ReleaseSweep(self.database, self.clock, self.release)
        self.release_overdue = ReleaseOverdue(sweep)
        self.release_cancelled = ReleaseCancelled(sweep)
        self.refund_show = RefundShow(self.database, self.clock, self.audit)
        self.refund_cancelled = RefundCancelled(self.database, self.clock, self.refund)
        self.email_templates = MemoryEmailTemplates()
        self.mail_pace = MemoryThrottle()
        self.calendars = MemoryCalendarWriter()
        self.print_tickets = PrintTickets(MemoryTicketRenderer())
        self.write_calendar = WriteCalendar(self.calendars, self.links, self.clock)
        self.send_email = SendEmail(self.email_templates, self.mailer, self.mail_pace, self.database, self.clock)
        self.send_confirmation_email = SendConfirmationEmail(
            self.database,
            self.print_tickets,
            self.write_calendar,
            self.send_email,
            self.links,
            self.free_mails,
            AddressHashes("secret"),
            self.clock,
        )
        self.apologize = SendLatePaymentEmail(self.database, self.clock, self.send_email, self.links)
        self.look_up_orders = LookUpOrders(self.database, self.clock, self.ids, AddressHashes("secret"), self.dispatch)
        self.submit_refunds = SubmitRefunds(self.database, self.payment, self.clock, self.ids)
        self.reverse_transfer = ReverseTransfer(self.database, self.payment)
        self.describe_transfer = DescribeTransfer(self.database, self.payment)
        self.run_task = RunTask(
            self.database,
            self.clock,
            self.ids,
            {
                TaskKind.CONFIRMATION_MAIL: self.send_confirmation_email,
                TaskKind.LATE_PAYMENT_MAIL: self.apologize,
                TaskKind.REMINDER_MAIL: SendReminderEmail(
                    self.database, self.clock, self.print_tickets, self.send_email, self.links
                ),
                TaskKind.REFUND_FAILED_MAIL: SendRefundFailedEmail(self.database, self.send_email, self.links),
                TaskKind.DISPUTE_MAIL: SendDisputeEmail(
                    self.database, self.send_email, operator_email="operator@example.org"
                ),
                TaskKind.REVERSE_TRANSFER: self.reverse_transfer,
                TaskKind.REFUND_MAIL: SendRefundEmail(
                    self.database, self.clock, self.write_calendar, self.send_email, self.links
                ),
                TaskKind.SHOW_CANCELLED_MAIL: SendShowCancelledEmail(
                    self.database, self.write_calendar, self.send_email, self.links
                ),
                TaskKind.SHOW_MOVED_MAIL: SendShowRescheduledEmail(
                    self.database, self.clock, self.write_calendar, self.send_email, self.links
                ),
                TaskKind.CALENDAR_MAIL: SendCalendarEmail(
                    self.database, self.clock, self.write_calendar, self.send_email, self.links
                ),
                TaskKind.ORDER_LINKS_MAIL: SendOrderLinksEmail(self.database, self.send_email, self.links),
                TaskKind.SUBMIT_REFUNDS: self.submit_refunds,
                TaskKind.DESCRIBE_TRANSFER: self.describe_transfer,
                TaskKind.RETURN_DUPLICATE_PAYMENT: ReturnDuplicatePayment(
                    self.database, self.payment, self.clock, self.ids
                ),
                TaskKind.PENDING_PAYMENT_MAIL: SendPendingPaymentEmail(
                    self.database, self.clock, self.send_email, self.links
                ),
                TaskKind.ADDRESS_CHANGED_MAIL: SendAddressChangedEmail(self.database, self.send_email),
                TaskKind.ACCOUNT_CHANGED_MAIL: SendAccountChangedEmail(
                    self.database, self.send_email, operator_email="operator@example.org"
                ),
                TaskKind.DUPLICATE_PAYMENT_MAIL: SendDuplicatePaymentEmail(self.database, self.send_email, self.links),
            },
        )

    async def sell(
        self,
        *tickets: Ticket,
        promo_codes: Iterable[TicketPromoCode] = (),
        by: Producer | None = None,
        **overrides: Any,
    ) -> None:
        """Put the tickets' shows on sale; ``overrides`` are of the shows."""
        seller = by or producer()
        await self.add_producer(seller)
        async with self.database() as uow:
            for show_id in {ticket.show_id for ticket in tickets}:
                await uow.shows.add(show(by=seller, **{"id": show_id, **overrides}))
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
        return await self.complete(order.session_id)

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
        """Everything in the outbox that is still to be done, due within a day."""
        now = self.clock.now() + A_DAY
        async with self.database() as uow:
            due = await uow.outbox.due(now=now, limit=1000)
            found = [await uow.outbox.claim(task_id, now=now, until=now) for task_id in due]
        return [task for task in found if task]

    async def refunds(self, order: Order) -> list[Refund]:
        async with self.database() as uow:
            return await uow.refunds.of_order(order.id)

    async def claimed(self, task: OutboxTask) -> OutboxTask:
        """A new task as a worker has it that may take a day for it."""
        now = self.clock.now()
        async with self.database() as uow:
            await uow.outbox.add([task])
            claimed = await uow.outbox.claim(task.id, now=now, until=now + A_DAY)
            await uow.commit()
        assert claimed
        return claimed

    async def run_tasks(self) -> None:
        """Everything in the outbox that is due now is tried once."""
        for task in await self.tasks():
            await self.run_task(task.id)

    async def until_it_has_a_session(self, order: Order, *, within_seconds: float = HANGS_SECONDS) -> Order:
        """The order, once the background has got it a session."""
        async with asyncio.timeout(within_seconds):
            while (found := await self.order(order.id)).session_id is None:
                await asyncio.sleep(0.001)
        return found

    async def close(self) -> None:
        await self.line.close()
        await self.open_session.close()
        await self.dispatch.close()


def request(
    *wanted: Wanted, promo_code: str | None = None, key: str | None = None, **overrides: object
) -> CheckoutRequest:
    """What a buyer asks for; requests with the same ``key`` for the same cart are the same."""
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
