"""The composition root: the adapter behind each port, and the parts of each use case."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from dependency_injector import containers, providers

from adapters.altcha.challenges import LIFETIME, AltchaChallenges
from adapters.icalendar.writer import ICalendarWriter
from adapters.jose.signer import JoseListSigner
from adapters.pdf.renderer import PdfTicketRenderer
from adapters.pillow.studio import PillowStudio
from adapters.postgres.balance import PostgresBalanceReader
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.consistency import PostgresConsistencyChecker
from adapters.postgres.engine import create_engine
from adapters.postgres.pulse import PostgresPulse
from adapters.postgres.readiness import PostgresReadiness
from adapters.postgres.report import PostgresReportReader
from adapters.postgres.retention import PostgresRetention
from adapters.postgres.sales_report import PostgresSalesReader
from adapters.postgres.takings_keeper import PostgresTakingsKeeper
from adapters.postgres.tax_locations import PostgresTaxLocations
from adapters.postgres.unit_of_work import PostgresDatabase
from adapters.prometheus.measured import MeasuredDatabase, MeasuredDecider, MeasuredLock, measured_tasks
from adapters.prometheus.metrics import PrometheusMetrics
from adapters.redis.client import CONNECTION, create_redis, notice_losses
from adapters.redis.heartbeat import RedisHeartbeat
from adapters.redis.housekeeping import Daily, forget_dead_consumers
from adapters.redis.lock import RedisLock
from adapters.redis.pulse import RedisWorkforce
from adapters.redis.rate_limit import RateLimit
from adapters.redis.readiness import RedisReadiness
from adapters.redis.throttle import RedisThrottle
from adapters.redis.used_once import UsedOnce
from adapters.redis.work_log import RedisWorkLog
from adapters.smtp.emails import JinjaEmailTemplates
from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.options import Sender, SmtpOptions
from adapters.stripe.client import HttpClient, create_client
from adapters.stripe.payment import NEW_SESSIONS, StripePayment
from adapters.stripe.proxy import proxy_for
from adapters.stripe.time import StripeTime
from adapters.stripe.webhooks import StripeEvents
from adapters.system.clock import SystemClock
from adapters.system.ids import SystemIds
from adapters.taskiq.broker import QUEUE_NAME, create_broker
from adapters.taskiq.notifier import TaskiqNotifier
from adapters.webauthn.ceremonies import WebAuthnCeremonies
from application.access.audit_log import AuditLog, ReadAuditLog
from application.catalog.allocations import (
    AddAllocation,
    ChangeAllocation,
    DeleteAllocation,
    ListAllocations,
    ReleaseAllocation,
    ReleaseDueAllocations,
)
from application.catalog.branding import (
    GetBranding,
    GetPicture,
    SetBranding,
    SetLogo,
    SetProductionImage,
    SetShowImage,
)
from application.catalog.capacities import AddCapacity, ChangeCapacity, DeleteCapacity, ListCapacities
from application.catalog.connected_accounts import ChangeAccount, GetAccount, OnboardProducer
from application.catalog.producers import Authenticate, IssueToken, ListTokens, RegisterProducer, RevokeToken
from application.catalog.productions import (
    AddProduction,
    ChangeProduction,
    DeleteProduction,
    GetOwnProduction,
    ListProductions,
)
from application.catalog.promo_codes import AddPromoCode, ChangePromoCode, DeletePromoCode, ListPromoCodes
from application.catalog.run_allocations import AllocateInRun
from application.catalog.runs import AddShows, ChangeRun, CopyShow
from application.catalog.sale_times import CheckSaleTimes
from application.catalog.save_account import SaveAccount
from application.catalog.show_overviews import GetShowOverview, ListRuns, LookOverShows
from application.catalog.shows import AddShow, ChangeShow, DeleteShow, GetOwnShow, ListOwnShows
from application.catalog.storefront import GetRun, GetShow, ListShows
from application.catalog.tickets import AddTicket, ChangeTicket, DeleteTicket
from application.catalog.timezones import ApplyTimezones, CheckTimezones, WatchTimezones
from application.checkin.decide_scans import GATHER_SECONDS, DecideScans, ScanLine
from application.checkin.decide_scans import MAX_TRANSACTIONS as MAX_SCAN_TRANSACTIONS
from application.checkin.door_list import DoorLists
from application.checkin.door_state import ReadDoorState
from application.checkin.lookup import TicketLookup
from application.checkin.offline import IssueOfflineList, ListConflicts, SyncOfflineScans
from application.checkin.party import CheckInParty
from application.checkin.scan import CheckIn
from application.checkin.undo import UndoCheckIn
from application.checkout.box_office import QuoteAtCounter, SellAtCounter, SellManyAtCounter
from application.checkout.checkout import Checkout
from application.checkout.checkout_form import SubmitCheckoutForm
from application.checkout.claimants import Claimants
from application.checkout.exchange import ExchangeTickets
from application.checkout.holds import ForgetClaims, ListHolds, ReleaseHolds
from application.checkout.place_orders import CheckoutLine, PlaceOrders
from application.checkout.quote import QuoteCart
from application.checkout.ticket_issuer import TicketIssuer
from application.concurrency.group_commit import GroupCommit
from application.counter.cash import ChangeCashRounding, MoveCash, ReadCashRounding
from application.counter.screen import ReadCounter
from application.counter.sell import SellAtTill, UndoSale
from application.counter.shifts import CloseShift, NameSeller, OpenShift, ReadShifts
from application.devices.devices import (
    AuthenticateDevice,
    IdentifyTill,
    ListDevices,
    ListDeviceShows,
    RenameDevice,
    RevokeDevice,
    ViewDevice,
)
from application.devices.pairing import GetPairing, OfferPairing, PairDevice, PairingCodes
from application.devices.waiting import ListWaitingPairings, WithdrawPairing
from application.jobs.exports import FetchFile, ForgetContents, MakeFile, StartExport
from application.jobs.look import GetJob, ListJobs, StopJob
from application.jobs.manual_orders import DraftManualOrders, PlaceManualOrders
from application.jobs.run import RunJob
from application.links import Links, OfficeLinks, OfficeTokens, OrderTokens
from application.notifications.account_changed import SendAccountChangedEmail
from application.notifications.address_changed import SendAddressChangedEmail
from application.notifications.calendar_file import WriteCalendar
from application.notifications.confirmation import SendConfirmationEmail
from application.notifications.delivery import MAIL_KEY, SendEmail
from application.notifications.digest import AddDueDigests, ReadDigest, SendDigestEmail, SetDigest
from application.notifications.dispute import SendDisputeEmail
from application.notifications.late_payment import SendLatePaymentEmail
from application.notifications.order_links import AddressHashes, LookUpOrders, SendOrderLinksEmail
from application.notifications.passkey_added import SendPasskeyAddedEmail
from application.notifications.payouts import FollowAccount, SendPayoutsEmail
from application.notifications.pending_payment import SendPendingPaymentEmail
from application.notifications.refund import SendRefundEmail, SendRefundFailedEmail
from application.notifications.reminder import SendReminderEmail
from application.notifications.show_change import SendCalendarEmail, SendShowCancelledEmail, SendShowRescheduledEmail
from application.notifications.sign_in import SendInvitationEmail, SendSignInEmail
from application.notifications.ticket_pdf import PrintTickets
from application.operations.consistency import CheckConsistency
from application.operations.pulse import ReadHolding, ReadPulse
from application.operations.readiness import CheckReadiness
from application.operations.retention import DeleteOld
from application.operations.takings import KeepTakings, RecountTakings
from application.orders.customer import ChangeCustomer
from application.orders.details import GetOrder
from application.orders.history import FindOrder, ReadOrderHistory
from application.orders.lists import ListAttendees, ListOrders, ListRefunds, ShowChoices
from application.orders.notes import ReadNotes, WriteNote
from application.orders.parties import SearchParties
from application.orders.personal_data import EraseBuyer, ExportBuyer
from application.orders.rename import RenameAttendee
from application.orders.report import ReportSales, ReportShow
from application.orders.resend_tickets import ResendTickets
from application.payments.change_orders import MAX_TRANSACTIONS, ChangeOrders, OrderChangeLine
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
from application.people.passkeys import (
    AddPasskey,
    AskForPasskey,
    ListPasskeys,
    OfferPasskey,
    RemovePasskey,
    RenamePasskey,
    UsePasskey,
)
from application.people.sessions import (
    ChooseWorkplace,
    EndSession,
    ListSessions,
    ListWorkplaces,
    Sessions,
    SignOut,
    SignOutEverywhere,
    WhoIsInside,
)
from application.people.sign_in import AskForLink, HandOutLink, ReadLink, UseLink
from application.people.team import (
    AcceptInvitation,
    ChangeRole,
    Invite,
    InviteAgain,
    ListTeam,
    ReadInvitation,
    RemoveMember,
    RenamePerson,
    TakeInvitationBack,
)
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.printing.queue import (
    ListPrinters,
    ListPrintJobs,
    PrintJobSlip,
    PrintTestSlip,
    QueuePrint,
    ReportPrintJob,
    TakePrintJob,
)
from application.printing.selected import PrintSelected, QueueSelected
from application.printing.slips import DrawSlips, ListPrintable, PrintSlips
from application.refunds.cancellation import PreviewCancellation
from application.refunds.disputes import ListDisputes, ReverseTransfer, SyncDispute
from application.refunds.refund_order import PreviewRefund, RefundOrder
from application.refunds.refund_status import SyncRefundStatus
from application.refunds.show_refunds import RefundCancelled, RefundShow
from application.refunds.submit_refunds import SubmitRefunds
from application.tasks.admin import DiscardDeadTasks, ListTasks, RetryDeadTasks
from application.tasks.backlog import MeasureBacklog
from application.tasks.dispatch import DispatchingDatabase, TaskDispatcher
from application.tasks.relay import RelayTasks
from application.tasks.run import RunTask
from application.tasks.workload import EstimateWorkers, ReportWork, WorkMeter
from application.today.overview import ReadImbalances, ReadOverview, ReadTonight
from application.webhooks.catch_up import CatchUp
from application.webhooks.event_handlers import EventHandlers, KeepEvent
from application.webhooks.handle_event import HandlePaymentEvent
from application.webhooks.review import ListFailedEvents, ReviewRefundsAndDisputes
from domain.jobs import JobKind
from domain.tasks import TaskKind
from domain.ticket_code import TicketCodes
from entrypoints.export_files import ExportFiles
from entrypoints.http.proof_of_work import ProofOfWork
from entrypoints.http.rate_limit import RateLimits
from entrypoints.printer_tools import load_printer_tools
from entrypoints.probes import Probes
from entrypoints.settings import Settings
from entrypoints.timekeeping import FollowClocks


def _itself(clock: Clock) -> Clock:
    return clock


class Container(containers.DeclarativeContainer):
    """Override a leaf in tests; all parts above it follow."""

    settings = providers.Dependency(instance_of=Settings)
    policy = settings.provided.policy

    ids = providers.Singleton(SystemIds)
    monotonic: providers.Provider[Callable[[], float]] = providers.Object(time.monotonic)
    metrics = providers.Singleton(PrometheusMetrics)
    engine = providers.Singleton(
        create_engine,
        settings.provided.database_url,
        pool_size=settings.provided.database_pool_size,
        prepared_statements=settings.provided.prepared_statements,
    )
    storage: providers.Singleton[UnitOfWorkFactory] = providers.Singleton(PostgresDatabase, engine)
    own_clock = providers.Singleton(SystemClock)
    database_clock = providers.Singleton(DatabaseClock, engine, own_clock)
    clock: providers.Provider[Clock] = providers.Callable(_itself, database_clock)
    stripe_time = providers.Singleton(StripeTime, clock)
    redis = providers.Singleton(create_redis, settings.provided.redis_url)
    lock = providers.Singleton(
        RedisLock, redis, ttl_seconds=settings.provided.lock_ttl, wait_seconds=settings.provided.lock_wait
    )
    stripe_http = providers.Singleton(
        HttpClient,
        metrics.provided.stripe_called,
        stripe_time.provided.heard,
        proxy=providers.Callable(proxy_for, settings.provided.stripe_api_base),
    )
    stripe = providers.Singleton(
        create_client, settings.provided.stripe_api_key, stripe_http, api_base=settings.provided.stripe_api_base
    )
    rate_limits = providers.Singleton(
        RateLimits,
        checkouts=providers.Singleton(RateLimit, redis, rate=settings.provided.checkout_rate_limit),
        quotes=providers.Singleton(RateLimit, redis, rate=settings.provided.quotes_rate),
        lookups=providers.Singleton(RateLimit, redis, rate=settings.provided.lookups_rate),
        errors=providers.Singleton(RateLimit, redis, rate=settings.provided.errors_rate),
        sign_ins=providers.Singleton(RateLimit, redis, rate=settings.provided.sign_ins_rate),
    )
    proof_of_work = providers.Singleton(
        ProofOfWork,
        providers.Singleton(
            AltchaChallenges, settings.provided.secret_key, cost=settings.provided.proof_of_work_cost, clock=clock
        ),
        providers.Singleton(UsedOnce, redis, lifetime=LIFETIME),
        shows=settings.provided.proof_of_work,
    )
    throttle = providers.Singleton(RedisThrottle, redis, per_second=settings.provided.stripe_rate_per_second)
    tax_locations = providers.Singleton(PostgresTaxLocations, engine)
    payment = providers.Singleton(StripePayment, stripe, throttle, tax_locations, stripe_time)
    pace_of_buyers = providers.Singleton(
        RedisThrottle, redis, per_second=settings.provided.buyers_per_second, name="buyers"
    )
    payment_for_buyers = providers.Singleton(StripePayment, stripe, pace_of_buyers, tax_locations, stripe_time)
    payment_events = providers.Singleton(StripeEvents, settings.provided.stripe_webhook_secret, stripe_time)
    broker = providers.Singleton(
        create_broker, settings.provided.redis_url, providers.Object(CONNECTION), providers.Object(notice_losses)
    )
    notifier = providers.Singleton(TaskiqNotifier, broker)
    picture_studio = providers.Singleton(PillowStudio)
    ticket_renderer = providers.Singleton(PdfTicketRenderer)
    email_templates = providers.Singleton(JinjaEmailTemplates)
    calendars = providers.Singleton(ICalendarWriter)
    mail_pace = providers.Singleton(RedisThrottle, redis, per_second=settings.provided.smtp_rate_per_second)
    mailer = providers.Singleton(
        SmtpMailer,
        providers.Callable(SmtpOptions.from_url, settings.provided.smtp_url),
        sender=providers.Callable(Sender.parse, settings.provided.mail_from),
        clock=clock,
    )

    order_tokens = providers.Singleton(OrderTokens, settings.provided.signing_key, settings.provided.earlier_keys)
    links = providers.Singleton(Links, settings.provided.public_url, order_tokens)
    office_links = providers.Singleton(
        OfficeLinks,
        settings.provided.public_url,
        providers.Singleton(OfficeTokens, settings.provided.signing_key, settings.provided.earlier_keys),
    )
    codes = providers.Singleton(TicketCodes, settings.provided.signing_key, settings.provided.earlier_keys)
    issue = providers.Singleton(TicketIssuer, ids, codes)
    claimants = providers.Singleton(Claimants, settings.provided.secret_key, policy.claims)
    dispatch = providers.Singleton(TaskDispatcher, notifier)
    database: providers.Singleton[UnitOfWorkFactory] = providers.Singleton(
        MeasuredDatabase, providers.Singleton(DispatchingDatabase, storage, dispatch), metrics
    )
    audit = providers.Singleton(AuditLog, clock, ids)

    change_orders = providers.Singleton(ChangeOrders, database, clock, ids)
    order_change_line: providers.Singleton[OrderChangeLine] = providers.Singleton(
        GroupCommit,
        providers.Singleton(MeasuredDecider, change_orders, metrics.provided.orders_changed),
        max_in_flight=MAX_TRANSACTIONS,
    )
    order_payments = providers.Singleton(OrderPayments, order_change_line, issue)
    place_orders = providers.Singleton(
        PlaceOrders,
        database,
        providers.Singleton(MeasuredLock, lock, metrics),
        clock,
        ids,
        issue,
        policy,
        audit,
    )
    checkout_line: providers.Singleton[CheckoutLine] = providers.Singleton(
        GroupCommit, providers.Singleton(MeasuredDecider, place_orders, metrics.provided.checkouts_decided)
    )
    follow_account = providers.Singleton(FollowAccount, clock, ids)
    open_session = providers.Singleton(OpenSession, payment, database, order_payments, links, clock, follow_account)
    find_pay_page = providers.Singleton(FindPayPage, clock, open_session)
    checkout = providers.Singleton(Checkout, checkout_line, open_session, wait_seconds=settings.provided.lock_wait)
    quote_cart = providers.Singleton(QuoteCart, database, clock, policy)
    complete_order = providers.Singleton(CompleteOrder, payment, payment_for_buyers, database, order_payments)
    sync_refund_status = providers.Singleton(SyncRefundStatus, database, clock, ids)
    sync_duplicate_payment = providers.Singleton(SyncDuplicatePayment, database, payment, clock, ids)
    sync_dispute = providers.Singleton(
        SyncDispute,
        database,
        clock,
        ids,
        tells_operator=providers.Callable(bool, settings.provided.operator_email),
    )
    keep_event = providers.Singleton(KeepEvent, database, clock)
    event_handlers = providers.Singleton(
        EventHandlers,
        payment,
        database,
        order_payments,
        complete_order,
        sync_refund_status,
        sync_duplicate_payment,
        sync_dispute,
        keep_event,
        follow_account,
    )
    handle_payment_event = providers.Singleton(
        HandlePaymentEvent,
        payment_events,
        database,
        clock,
        event_handlers,
        keep_event,
        livemode=settings.provided.is_production,
    )
    list_failed_events = providers.Singleton(ListFailedEvents, database)
    review_refunds_and_disputes = providers.Singleton(
        ReviewRefundsAndDisputes, payment, database, clock, event_handlers
    )
    refund_order = providers.Singleton(RefundOrder, database, clock, ids, audit)
    reconcile = providers.Singleton(Reconcile, payment, database, clock, order_payments, open_session)
    release_order = providers.Singleton(ReleaseOrder, payment, database, order_payments, links)
    cancel_order = providers.Singleton(CancelOrder, release_order, database, order_payments, clock)
    release_sweep = providers.Singleton(ReleaseSweep, database, clock, release_order)
    release_overdue = providers.Singleton(ReleaseOverdue, release_sweep)
    submit_checkout_form = providers.Singleton(SubmitCheckoutForm, checkout, cancel_order, database)
    list_shows = providers.Singleton(ListShows, database, clock)
    get_run = providers.Singleton(GetRun, database, clock)
    get_show = providers.Singleton(GetShow, database, clock)
    get_order = providers.Singleton(GetOrder, database)
    print_tickets = providers.Singleton(PrintTickets, ticket_renderer)
    write_calendar = providers.Singleton(WriteCalendar, calendars, links, clock)
    address_hashes = providers.Singleton(AddressHashes, settings.provided.signing_key)
    look_up_orders = providers.Singleton(LookUpOrders, database, clock, ids, address_hashes)
    send_email = providers.Singleton(SendEmail, email_templates, mailer, mail_pace, database, clock, monotonic)

    get_account = providers.Singleton(GetAccount, database, payment, follow_account)
    save_account = providers.Singleton(SaveAccount, clock, ids, audit)
    change_account = providers.Singleton(ChangeAccount, database, payment, save_account)
    onboard_producer = providers.Singleton(OnboardProducer, database, payment, links, audit, save_account)
    add_production = providers.Singleton(AddProduction, database, ids, audit)
    list_productions = providers.Singleton(ListProductions, database)
    get_own_production = providers.Singleton(GetOwnProduction, database)
    change_production = providers.Singleton(ChangeProduction, database, audit)
    delete_production = providers.Singleton(DeleteProduction, database, audit)
    add_shows = providers.Singleton(AddShows, database, ids, audit)
    change_run = providers.Singleton(ChangeRun, database, clock, audit)
    allocate_in_run = providers.Singleton(AllocateInRun, database, clock, ids, audit)
    copy_show = providers.Singleton(CopyShow, database, ids, audit)
    add_show = providers.Singleton(AddShow, database, ids, audit)
    list_own_shows = providers.Singleton(ListOwnShows, database)
    get_own_show = providers.Singleton(GetOwnShow, database)
    look_over_shows = providers.Singleton(LookOverShows, database, clock)
    get_show_overview = providers.Singleton(GetShowOverview, database, clock)
    list_runs = providers.Singleton(ListRuns, database, clock)
    change_show = providers.Singleton(ChangeShow, database, clock, audit)
    delete_show = providers.Singleton(DeleteShow, database, audit)
    add_ticket = providers.Singleton(AddTicket, database, ids, audit)
    change_ticket = providers.Singleton(ChangeTicket, database, audit)
    delete_ticket = providers.Singleton(DeleteTicket, database, audit)
    add_capacity = providers.Singleton(AddCapacity, database, ids, audit)
    list_capacities = providers.Singleton(ListCapacities, database)
    change_capacity = providers.Singleton(ChangeCapacity, database, audit)
    delete_capacity = providers.Singleton(DeleteCapacity, database, audit)
    add_allocation = providers.Singleton(AddAllocation, database, ids, audit)
    list_allocations = providers.Singleton(ListAllocations, database)
    change_allocation = providers.Singleton(ChangeAllocation, database, clock, audit)
    release_allocation = providers.Singleton(ReleaseAllocation, database, clock, audit)
    delete_allocation = providers.Singleton(DeleteAllocation, database, audit)
    release_due_allocations = providers.Singleton(ReleaseDueAllocations, database, clock)
    add_promo_code = providers.Singleton(AddPromoCode, database, ids, audit)
    list_promo_codes = providers.Singleton(ListPromoCodes, database)
    change_promo_code = providers.Singleton(ChangePromoCode, database, audit)
    delete_promo_code = providers.Singleton(DeletePromoCode, database, audit)
    release_cancelled = providers.Singleton(ReleaseCancelled, release_sweep)
    refund_show = providers.Singleton(RefundShow, database, clock, ids, audit)
    preview_cancellation = providers.Singleton(PreviewCancellation, database, clock, policy)
    refund_cancelled = providers.Singleton(RefundCancelled, database, clock, refund_order)
    get_branding = providers.Singleton(GetBranding, database)
    set_branding = providers.Singleton(SetBranding, database, audit)
    set_logo = providers.Singleton(SetLogo, database, picture_studio, audit)
    set_production_image = providers.Singleton(SetProductionImage, database, picture_studio, audit)
    set_show_image = providers.Singleton(SetShowImage, database, picture_studio, audit)
    get_picture = providers.Singleton(GetPicture, database)
    read_audit_log = providers.Singleton(ReadAuditLog, database)
    sell_at_counter = providers.Singleton(SellAtCounter, database, checkout)
    quote_at_counter = providers.Singleton(QuoteAtCounter, database, clock, policy)
    exchange_tickets = providers.Singleton(
        ExchangeTickets, database, lock, clock, ids, issue, policy, audit, open_session
    )
    sell_many_at_counter = providers.Singleton(SellManyAtCounter, database, place_orders)
    open_shift = providers.Singleton(OpenShift, database, clock, ids, audit)
    name_seller = providers.Singleton(NameSeller, database)
    close_shift = providers.Singleton(CloseShift, database, clock, audit)
    move_cash = providers.Singleton(MoveCash, database, clock, audit)
    read_cash_rounding = providers.Singleton(ReadCashRounding, database)
    change_cash_rounding = providers.Singleton(ChangeCashRounding, database, audit)
    read_shifts = providers.Singleton(ReadShifts, database)
    read_counter = providers.Singleton(ReadCounter, database)
    sell_at_till = providers.Singleton(SellAtTill, database, place_orders, clock)
    undo_sale = providers.Singleton(UndoSale, database, refund_order, clock)
    list_orders = providers.Singleton(ListOrders, database)
    show_choices = providers.Singleton(ShowChoices, database, clock)
    find_order = providers.Singleton(FindOrder, database)
    read_order_history = providers.Singleton(ReadOrderHistory, database)
    list_attendees = providers.Singleton(ListAttendees, database)
    list_holds = providers.Singleton(ListHolds, database)
    release_holds = providers.Singleton(ReleaseHolds, database, release_order, audit)
    forget_claims = providers.Singleton(ForgetClaims, database, clock)
    list_disputes = providers.Singleton(ListDisputes, database)
    list_refunds = providers.Singleton(ListRefunds, database)
    resend_tickets = providers.Singleton(ResendTickets, database, clock, ids, audit)
    change_customer = providers.Singleton(ChangeCustomer, database, clock, ids, audit)
    rename_attendee = providers.Singleton(RenameAttendee, database, clock, ids, issue, audit)
    write_note = providers.Singleton(WriteNote, database, clock, ids, audit)
    read_notes = providers.Singleton(ReadNotes, database)
    preview_refund = providers.Singleton(PreviewRefund, database, policy)
    export_buyer = providers.Singleton(ExportBuyer, database, audit)
    erase_buyer = providers.Singleton(EraseBuyer, database, clock, ids, audit)

    door = providers.Singleton(TicketLookup, codes)
    list_signer = providers.Singleton(JoseListSigner, settings.provided.signing_key, settings.provided.earlier_keys)
    decide_scans = providers.Singleton(DecideScans, database, clock, ids, door)
    scan_line: providers.Singleton[ScanLine] = providers.Singleton(
        GroupCommit, decide_scans, max_in_flight=MAX_SCAN_TRANSACTIONS, gather_seconds=GATHER_SECONDS
    )
    check_in = providers.Singleton(CheckIn, scan_line)
    door_lists = providers.Singleton(DoorLists, database, clock, list_signer, codes)
    read_door_state = providers.Singleton(ReadDoorState, database, clock)
    search_parties = providers.Singleton(SearchParties, database, list_orders, codes)
    check_in_party = providers.Singleton(CheckInParty, database, clock, door)
    undo_check_in = providers.Singleton(UndoCheckIn, database, clock, door, audit)
    issue_offline_list = providers.Singleton(IssueOfflineList, database, clock, list_signer)
    sync_offline_scans = providers.Singleton(SyncOfflineScans, database, clock, door)
    list_conflicts = providers.Singleton(ListConflicts, database)

    read_tonight = providers.Singleton(ReadTonight, database, clock)
    read_overview = providers.Singleton(ReadOverview, database, clock)
    balance = providers.Singleton(PostgresBalanceReader, engine)
    read_imbalances = providers.Singleton(ReadImbalances, balance, clock)
    read_digest = providers.Singleton(ReadDigest, database)
    set_digest = providers.Singleton(SetDigest, database, clock)
    reports = providers.Singleton(PostgresReportReader, engine)
    report_show = providers.Singleton(ReportShow, database, reports)
    sales = providers.Singleton(PostgresSalesReader, engine)
    report_sales = providers.Singleton(ReportSales, database, sales)
    takings_keeper = providers.Singleton(PostgresTakingsKeeper, engine)
    keep_takings = providers.Singleton(KeepTakings, takings_keeper)
    recount_takings = providers.Singleton(RecountTakings, takings_keeper)
    consistency_checker = providers.Singleton(PostgresConsistencyChecker, engine)
    check_consistency = providers.Singleton(CheckConsistency, consistency_checker, clock)
    check_sale_times = providers.Singleton(CheckSaleTimes, database, clock)
    check_timezones = providers.Singleton(CheckTimezones, database, clock)
    watch_timezones = providers.Singleton(WatchTimezones, check_timezones, clock)
    apply_timezones = providers.Singleton(ApplyTimezones, database, clock, audit)

    register_producer = providers.Singleton(RegisterProducer, database, ids, audit)
    issue_token = providers.Singleton(IssueToken, database, clock, ids, audit)
    revoke_token = providers.Singleton(RevokeToken, database, clock, audit)
    list_tokens = providers.Singleton(ListTokens, database)
    authenticate = providers.Singleton(Authenticate, database, clock)

    draw_slips = providers.Singleton(DrawSlips, providers.Object(load_printer_tools))
    print_slips = providers.Singleton(PrintSlips, database, draw_slips)
    list_printable = providers.Singleton(ListPrintable, database)
    list_printers = providers.Singleton(ListPrinters, database)
    queue_print = providers.Singleton(QueuePrint, database, clock, ids)
    print_selected = providers.Singleton(PrintSelected, database, ticket_renderer, draw_slips)
    queue_selected = providers.Singleton(QueueSelected, database, clock, ids)
    list_print_jobs = providers.Singleton(ListPrintJobs, database, clock)
    take_print_job = providers.Singleton(TakePrintJob, database, clock)
    print_job_slip = providers.Singleton(PrintJobSlip, database, clock, draw_slips)
    print_test_slip = providers.Singleton(PrintTestSlip, database, clock, draw_slips)
    report_print_job = providers.Singleton(ReportPrintJob, database, clock)
    authenticate_device = providers.Singleton(AuthenticateDevice, database, clock)
    identify_till = providers.Singleton(IdentifyTill, database, authenticate_device)
    pairing_codes = providers.Singleton(PairingCodes, settings.provided.signing_key, settings.provided.earlier_keys)
    offer_pairing = providers.Singleton(OfferPairing, database, clock, ids, pairing_codes)
    get_pairing = providers.Singleton(GetPairing, database, pairing_codes)
    list_waiting_pairings = providers.Singleton(ListWaitingPairings, database, clock)
    withdraw_pairing = providers.Singleton(WithdrawPairing, database)
    pair_device = providers.Singleton(PairDevice, database, clock, ids, audit)
    list_device_shows = providers.Singleton(ListDeviceShows, database, clock)
    list_devices = providers.Singleton(ListDevices, database)
    view_device = providers.Singleton(ViewDevice, database, clock)
    rename_device = providers.Singleton(RenameDevice, database, audit)
    revoke_device = providers.Singleton(RevokeDevice, database, clock, audit)

    sessions = providers.Singleton(Sessions, clock, ids)
    who_is_inside = providers.Singleton(WhoIsInside, database, clock)
    list_workplaces = providers.Singleton(ListWorkplaces, database)
    choose_workplace = providers.Singleton(ChooseWorkplace, database)
    list_sessions = providers.Singleton(ListSessions, database, clock)
    end_session = providers.Singleton(EndSession, database)
    end_this_session = providers.Singleton(SignOut, database)
    sign_out_everywhere = providers.Singleton(SignOutEverywhere, database)
    ask_for_link = providers.Singleton(AskForLink, database, clock, ids)
    read_link = providers.Singleton(ReadLink, database, clock, office_links)
    use_link = providers.Singleton(UseLink, database, read_link, sessions)
    hand_out_link = providers.Singleton(HandOutLink, database, clock, ids, audit, office_links)

    passkey_ceremonies = providers.Singleton(WebAuthnCeremonies, settings.provided.public_url)
    offer_passkey = providers.Singleton(OfferPasskey, database, clock, ids, passkey_ceremonies)
    add_passkey = providers.Singleton(AddPasskey, database, clock, ids, passkey_ceremonies)
    ask_for_passkey = providers.Singleton(AskForPasskey, database, clock, ids, passkey_ceremonies)
    use_passkey = providers.Singleton(UsePasskey, database, clock, passkey_ceremonies, sessions)
    list_passkeys = providers.Singleton(ListPasskeys, database)
    rename_passkey = providers.Singleton(RenamePasskey, database)
    remove_passkey = providers.Singleton(RemovePasskey, database)
    list_team = providers.Singleton(ListTeam, database)
    change_role = providers.Singleton(ChangeRole, database, audit)
    remove_member = providers.Singleton(RemoveMember, database, audit)
    invite = providers.Singleton(Invite, database, clock, ids, audit)
    invite_again = providers.Singleton(InviteAgain, database, clock, ids)
    take_invitation_back = providers.Singleton(TakeInvitationBack, database, audit)
    read_invitation = providers.Singleton(ReadInvitation, database, clock, office_links)
    accept_invitation = providers.Singleton(AcceptInvitation, database, ids, audit, read_invitation, sessions)
    rename_person = providers.Singleton(RenamePerson, database)

    free_mails = providers.Singleton(RateLimit, redis, rate=settings.provided.free_mails_rate)
    send_confirmation_email = providers.Singleton(
        SendConfirmationEmail,
        database,
        print_tickets,
        write_calendar,
        send_email,
        links,
        free_mails,
        address_hashes,
        clock,
    )
    send_reminder_email = providers.Singleton(SendReminderEmail, database, clock, print_tickets, send_email, links)
    send_refund_email = providers.Singleton(SendRefundEmail, database, clock, write_calendar, send_email, links)
    send_refund_failed_email = providers.Singleton(SendRefundFailedEmail, database, send_email, links)
    send_dispute_email = providers.Singleton(
        SendDisputeEmail, database, send_email, links, operator_email=settings.provided.operator_email
    )
    send_late_payment_email = providers.Singleton(SendLatePaymentEmail, database, clock, send_email, links)
    send_show_cancelled_email = providers.Singleton(SendShowCancelledEmail, database, write_calendar, send_email, links)
    send_show_rescheduled_email = providers.Singleton(
        SendShowRescheduledEmail, database, clock, write_calendar, send_email, links
    )
    send_calendar_email = providers.Singleton(SendCalendarEmail, database, clock, write_calendar, send_email, links)
    send_order_links_email = providers.Singleton(SendOrderLinksEmail, database, send_email, links)
    submit_refunds = providers.Singleton(SubmitRefunds, database, payment, clock, ids)
    reverse_transfer = providers.Singleton(ReverseTransfer, database, payment)
    describe_transfer = providers.Singleton(DescribeTransfer, database, payment)
    return_duplicate_payment = providers.Singleton(
        ReturnDuplicatePayment, database, payment, clock, ids, sync_duplicate_payment
    )
    send_pending_payment_email = providers.Singleton(SendPendingPaymentEmail, database, clock, send_email, links)
    send_address_changed_email = providers.Singleton(SendAddressChangedEmail, database, send_email)
    send_account_changed_email = providers.Singleton(
        SendAccountChangedEmail, database, send_email, operator_email=settings.provided.operator_email
    )
    send_sign_in_email = providers.Singleton(SendSignInEmail, database, clock, send_email, office_links)
    send_passkey_added_email = providers.Singleton(SendPasskeyAddedEmail, database, send_email, office_links)
    send_invitation_email = providers.Singleton(SendInvitationEmail, database, clock, send_email, office_links)
    send_payouts_email = providers.Singleton(SendPayoutsEmail, database, send_email, links, clock)
    send_digest_email = providers.Singleton(SendDigestEmail, database, send_email, links, clock, read_imbalances)
    send_duplicate_payment_email = providers.Singleton(SendDuplicatePaymentEmail, database, send_email, links)
    exporter = providers.Singleton(ExportFiles, database, list_orders, list_attendees)
    start_export = providers.Singleton(StartExport, database, clock, ids, audit, exporter)
    fetch_file = providers.Singleton(FetchFile, database, clock)
    forget_contents = providers.Singleton(ForgetContents, database, clock)
    draft_manual_orders = providers.Singleton(DraftManualOrders, database, place_orders, clock, ids, audit)
    list_jobs = providers.Singleton(ListJobs, database)
    get_job = providers.Singleton(GetJob, database)
    stop_job = providers.Singleton(StopJob, database, clock, audit)
    run_job = providers.Singleton(
        RunJob,
        database,
        clock,
        ids,
        providers.Dict(
            {
                JobKind.EXPORT: providers.Singleton(MakeFile, database, clock, exporter),
                JobKind.MANUAL_ORDERS: providers.Singleton(PlaceManualOrders, database, place_orders),
            }
        ),
    )
    task_handlers = providers.Dict(
        {
            TaskKind.CONFIRMATION_MAIL: send_confirmation_email,
            TaskKind.REMINDER_MAIL: send_reminder_email,
            TaskKind.REFUND_MAIL: send_refund_email,
            TaskKind.REFUND_FAILED_MAIL: send_refund_failed_email,
            TaskKind.DISPUTE_MAIL: send_dispute_email,
            TaskKind.LATE_PAYMENT_MAIL: send_late_payment_email,
            TaskKind.SHOW_CANCELLED_MAIL: send_show_cancelled_email,
            TaskKind.SHOW_MOVED_MAIL: send_show_rescheduled_email,
            TaskKind.CALENDAR_MAIL: send_calendar_email,
            TaskKind.ORDER_LINKS_MAIL: send_order_links_email,
            TaskKind.SUBMIT_REFUNDS: submit_refunds,
            TaskKind.REVERSE_TRANSFER: reverse_transfer,
            TaskKind.DESCRIBE_TRANSFER: describe_transfer,
            TaskKind.RETURN_DUPLICATE_PAYMENT: return_duplicate_payment,
            TaskKind.PENDING_PAYMENT_MAIL: send_pending_payment_email,
            TaskKind.ADDRESS_CHANGED_MAIL: send_address_changed_email,
            TaskKind.ACCOUNT_CHANGED_MAIL: send_account_changed_email,
            TaskKind.SIGN_IN_MAIL: send_sign_in_email,
            TaskKind.INVITATION_MAIL: send_invitation_email,
            TaskKind.PASSKEY_MAIL: send_passkey_added_email,
            TaskKind.DUPLICATE_PAYMENT_MAIL: send_duplicate_payment_email,
            TaskKind.JOB: run_job,
            TaskKind.PAYOUTS_MAIL: send_payouts_email,
            TaskKind.DIGEST_MAIL: send_digest_email,
        }
    )
    measured_handlers = providers.Singleton(measured_tasks, task_handlers, metrics)
    run_task = providers.Singleton(RunTask, database, clock, ids, measured_handlers)
    announce_pending_payments = providers.Singleton(AnnouncePendingPayments, database, clock)
    catch_up = providers.Singleton(
        CatchUp, reconcile, release_overdue, review_refunds_and_disputes, announce_pending_payments
    )
    measure_backlog = providers.Singleton(MeasureBacklog, database, clock)
    add_due_digests = providers.Singleton(AddDueDigests, database, clock, ids)
    follow_clocks = providers.Singleton(
        FollowClocks, database_clock, stripe_time, stripe_http, settings.provided.stripe_api_base
    )
    retention = providers.Singleton(PostgresRetention, engine)
    delete_old = providers.Singleton(DeleteOld, retention, clock, settings.provided.periods)
    daily_retention = providers.Singleton(Daily, redis, delete_old)
    heartbeat = providers.Singleton(RedisHeartbeat, redis)
    workforce = providers.Singleton(RedisWorkforce, redis, payment_pages=NEW_SESSIONS, mails=MAIL_KEY)
    pulse = providers.Singleton(PostgresPulse, engine)
    read_pulse = providers.Singleton(ReadPulse, pulse, workforce, clock)
    read_holding = providers.Singleton(ReadHolding, pulse, workforce, clock)
    work_log = providers.Singleton(RedisWorkLog, redis, clock)
    work_meter = providers.Singleton(WorkMeter, monotonic)
    report_work = providers.Singleton(ReportWork, work_log, work_meter)
    estimate_workers = providers.Singleton(EstimateWorkers, work_log)
    probes = providers.Singleton(Probes, settings.provided.signing_key, clock)
    database_readiness = providers.Singleton(PostgresReadiness, engine)
    redis_readiness = providers.Singleton(RedisReadiness, redis)
    check_readiness = providers.Singleton(CheckReadiness, database_readiness, redis_readiness)
    queue_housekeeping = providers.Singleton(partial, forget_dead_consumers, redis, QUEUE_NAME)
    relay_tasks = providers.Singleton(RelayTasks, database, clock, notifier)
    list_tasks = providers.Singleton(ListTasks, database, clock)
    retry_dead_tasks = providers.Singleton(RetryDeadTasks, database, clock)
    discard_dead_tasks = providers.Singleton(DiscardDeadTasks, database)


async def close(container: Container) -> None:
    """Finish the work that is under way, then close every connection."""
    await container.checkout_line().close()
    await container.scan_line().close()
    await container.open_session().close()
    await container.dispatch().close()
    await container.lock().close()
    await container.broker().shutdown()
    await container.stripe_http().close_async()  # type: ignore[no-untyped-call]
    await container.mailer().close()
    await container.redis().aclose()
    await container.engine().dispose()
