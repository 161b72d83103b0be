"""The whole database as dictionaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from application.ports.show_refunds import ShowRefund
from application.ports.webhooks import ReceivedEvent
from domain.access import AccessToken
from domain.admission import Scan
from domain.audit_log import AuditEntry
from domain.branding import Picture
from domain.capacity import Allocation, Capacity
from domain.catalog import Producer, Show, Ticket
from domain.claims import Claim
from domain.devices import Device, Pairing
from domain.digest import Digest
from domain.disputes import Dispute
from domain.duplicate_payments import DuplicatePayment
from domain.jobs import Job, JobResult
from domain.notes import OrderNote
from domain.orders import Order, ReplacedCode
from domain.people import Invitation, Membership, OfficeSession, Passkey, PasskeyChallenge, Person, SignInLink
from domain.printing import PrintJob
from domain.production import Production
from domain.promotions import TicketPromoCode
from domain.refunds import Refund
from domain.shift import CashMovement, CounterSale, Shift
from domain.tasks import OutboxTask


@dataclass(slots=True)
class Tables:
    producers: dict[UUID, Producer] = field(default_factory=dict)
    productions: dict[UUID, Production] = field(default_factory=dict)
    shows: dict[UUID, Show] = field(default_factory=dict)
    tickets: dict[UUID, Ticket] = field(default_factory=dict)
    capacities: dict[UUID, Capacity] = field(default_factory=dict)
    allocations: dict[UUID, Allocation] = field(default_factory=dict)
    promo_codes: dict[UUID, TicketPromoCode] = field(default_factory=dict)
    orders: dict[UUID, Order] = field(default_factory=dict)
    ticket_claims: dict[tuple[int, UUID], Claim] = field(default_factory=dict)
    outbox: dict[UUID, OutboxTask] = field(default_factory=dict)
    claims: dict[UUID, datetime] = field(default_factory=dict)
    relays: dict[UUID, datetime] = field(default_factory=dict)
    lookups: dict[bytes, datetime] = field(default_factory=dict)
    refunds: dict[UUID, Refund] = field(default_factory=dict)
    duplicate_payments: dict[str, DuplicatePayment] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    inbox: dict[str, ReceivedEvent] = field(default_factory=dict)
    checks: dict[UUID, datetime] = field(default_factory=dict)
    release_pauses: dict[UUID, datetime] = field(default_factory=dict)
    tokens: dict[UUID, AccessToken] = field(default_factory=dict)
    pictures: dict[Picture, bytes] = field(default_factory=dict)
    audit: dict[UUID, AuditEntry] = field(default_factory=dict)
    scans: dict[tuple[UUID, UUID], Scan] = field(default_factory=dict)
    replaced_codes: dict[str, ReplacedCode] = field(default_factory=dict)
    notes: dict[UUID, OrderNote] = field(default_factory=dict)
    show_refunds: dict[UUID, ShowRefund] = field(default_factory=dict)
    refund_claims: dict[UUID, datetime] = field(default_factory=dict)
    digests: dict[tuple[UUID, UUID], Digest] = field(default_factory=dict)
    refund_refusals: dict[UUID, str] = field(default_factory=dict)
    persons: dict[UUID, Person] = field(default_factory=dict)
    memberships: dict[tuple[UUID, UUID], Membership] = field(default_factory=dict)
    office_sessions: dict[UUID, OfficeSession] = field(default_factory=dict)
    sign_in_links: dict[UUID, SignInLink] = field(default_factory=dict)
    invitations: dict[UUID, Invitation] = field(default_factory=dict)
    passkeys: dict[UUID, Passkey] = field(default_factory=dict)
    passkey_challenges: dict[UUID, PasskeyChallenge] = field(default_factory=dict)
    devices: dict[UUID, Device] = field(default_factory=dict)
    pairings: dict[UUID, Pairing] = field(default_factory=dict)
    jobs: dict[UUID, Job] = field(default_factory=dict)
    job_contents: dict[UUID, bytes] = field(default_factory=dict)
    job_results: dict[tuple[UUID, int], JobResult] = field(default_factory=dict)
    job_pieces: dict[tuple[UUID, UUID, int], bytes] = field(default_factory=dict)
    shifts: dict[UUID, Shift] = field(default_factory=dict)
    counter_sales: dict[UUID, CounterSale] = field(default_factory=dict)
    cash_roundings: dict[UUID, int] = field(default_factory=dict)
    cash_movements: dict[UUID, CashMovement] = field(default_factory=dict)
    print_jobs: dict[UUID, PrintJob] = field(default_factory=dict)

    def snapshot(self) -> Tables:
        return Tables(*[getattr(self, name).copy() for name in self.__slots__])


def refunds_by_order(tables: Tables) -> Mapping[UUID, list[Refund]]:
    refunds = defaultdict(list)
    for refund in sorted(tables.refunds.values(), key=lambda refund: refund.sequence):
        refunds[refund.order_id].append(refund)
    return refunds


def disputes_by_order(tables: Tables) -> Mapping[UUID, list[Dispute]]:
    disputes = defaultdict(list)
    for dispute in tables.disputes.values():
        disputes[dispute.order_id].append(dispute)
    return disputes
