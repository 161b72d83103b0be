"""The schema. Constraints enforce what the domain promises.

Amounts are bigint in minor units of the order's or producer's currency; times are timestamptz in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.access import Scope
from domain.admission import NEVER_STORED, Direction, ScanResult
from domain.devices import DeviceKind
from domain.disputes import DisputeStatus
from domain.fees import FeeBearer
from domain.jobs import JobState
from domain.orders import AttendeeStatus, ManualPayment, OrderStatus
from domain.people import Role, SignedInBy
from domain.printing import PrintJobState
from domain.promotions import UseCount
from domain.refunds import RefundStatus
from domain.sale_period import SellsUntil
from domain.shift import CounterPayment
from domain.tasks import TaskState
from domain.tax import TaxMode

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

_Time = sa.TIMESTAMP(timezone=True)


def _one_of(column: str, values: Iterable[StrEnum]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def _sale_times() -> list[sa.Column[Any]]:
    """When something goes on sale and off sale: the moment, the time on the venue's clock, and which of two readings.

    All three are NULL where there is no such time.
    """
    return [
        sa.Column(name, of_type)
        for sale_time in ("on_sale", "off_sale")
        for name, of_type in (
            (f"{sale_time}_at", _Time),
            (f"local_{sale_time}_at", sa.TIMESTAMP()),
            (f"{sale_time}_fold", sa.SmallInteger()),
        )
    ]


# The content behind a name never changes (domain.branding.Picture).
pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

producers = sa.Table(
    "producers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("colour", sa.Text),
    sa.Column("logo", sa.ForeignKey(pictures.c.name), index=True),
    sa.Column("widget_origins", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("tax", sa.Text, nullable=False, server_default="exclusive"),
    _one_of("tax", TaxMode),
    sa.Column("fees", sa.Text, nullable=False, server_default="buyer"),
    _one_of("fees", FeeBearer),
)

producer_financials = sa.Table(
    "producer_financials",
    metadata,
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), primary_key=True),
    sa.Column("stripe_account_id", sa.Text, index=True),
    sa.Column("charges_enabled", sa.Boolean, nullable=False),
)

access_tokens = sa.Table(
    "access_tokens",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("revoked_at", _Time),
    sa.Column("last_used_at", _Time),
    sa.CheckConstraint(
        f"CASE WHEN producer_id IS NULL THEN scopes = ARRAY['{Scope.PLATFORM}'] "
        f"ELSE NOT '{Scope.PLATFORM}' = ANY (scopes) END",
        name="owner",
    ),
)

# Subject, show, person and device are not foreign keys: entries outlive what was deleted.
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at", _Time, nullable=False),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), nullable=False),
    sa.Column("token_id", sa.ForeignKey(access_tokens.c.id)),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("show_id", sa.Uuid),
    sa.Column("before", JSONB, nullable=False),
    sa.Column("after", JSONB, nullable=False),
    sa.Column("person_id", sa.Uuid),
    sa.Column("device_id", sa.Uuid),
    sa.Index("audit_log_producer_id_at_id_idx", "producer_id", "at", "id"),
    sa.Index("audit_log_subject_id_idx", "subject_id"),
)

productions = sa.Table(
    "productions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("venue", sa.Text, nullable=False),
    sa.Column("venue_address", JSONB(none_as_null=True)),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("doors_minutes", sa.Integer, nullable=False),
    sa.Column("duration_minutes", sa.Integer, nullable=False),
    # What new shows get: read and written as a whole, and never asked for one by one.
    sa.Column("tickets", JSONB, nullable=False),
    sa.Column("capacities", JSONB, nullable=False, server_default="[]"),
    sa.Column("image", sa.ForeignKey(pictures.c.name), index=True),
    sa.CheckConstraint("least(doors_minutes, duration_minutes) >= 0", name="minutes"),
    sa.Index("productions_producer_id_id_idx", "producer_id", "id"),
)

shows = sa.Table(
    "shows",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("venue", sa.Text, nullable=False),
    sa.Column("venue_address", JSONB(none_as_null=True)),
    sa.Column("door_time", _Time, nullable=False),
    sa.Column("start_time", _Time, nullable=False),
    sa.Column("end_time", _Time, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("published", sa.Boolean, nullable=False),
    sa.Column("cancelled", sa.Boolean, nullable=False),
    sa.Column("image", sa.ForeignKey(pictures.c.name), index=True),
    # The time on the venue's clock, which of two readings if the clock shows it twice, and the release of the rules
    # from which the moments above were derived. NULL in rows of an earlier version.
    sa.Column("local_door_time", sa.TIMESTAMP),
    sa.Column("local_start_time", sa.TIMESTAMP),
    sa.Column("local_end_time", sa.TIMESTAMP),
    sa.Column("door_fold", sa.SmallInteger),
    sa.Column("start_fold", sa.SmallInteger),
    sa.Column("end_fold", sa.SmallInteger),
    sa.Column("time_zone_rules", sa.Text),
    sa.Column("renames_until_hours", sa.Integer),
    sa.Column("exchanges_until_hours", sa.Integer),
    sa.Column("re_entry", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("offline_new_codes", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("production_id", sa.ForeignKey(productions.c.id)),
    *_sale_times(),
    sa.Column("sells_until", sa.Text, nullable=False, server_default=SellsUntil.END),
    _one_of("sells_until", SellsUntil),
    sa.CheckConstraint("door_time <= start_time AND start_time <= end_time", name="times"),
    sa.Index("shows_producer_id_start_time_id_idx", "producer_id", "start_time", "id"),
    sa.Index(
        "shows_production_id_start_time_id_idx",
        "production_id",
        "start_time",
        "id",
        postgresql_where=sa.text("production_id IS NOT NULL"),
    ),
    sa.Index("shows_on_sale_idx", "start_time", "id", postgresql_where=sa.text("published AND NOT cancelled")),
)

# Places that ticket types share. Every order of such a type changes its counters, as for tickets below.
capacities = sa.Table(
    "capacities",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("show_id", sa.ForeignKey(shows.c.id), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("held", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sold", sa.Integer, nullable=False, server_default="0"),
    # The places that its allocations keep and have not sold: buyers need not lock the allocations.
    sa.Column("allocated", sa.Integer, nullable=False, server_default="0"),
    sa.CheckConstraint("least(held, sold, allocated) >= 0", name="counters"),
    sa.CheckConstraint("held + sold + allocated <= size", name="remaining"),
    postgresql_with={"fillfactor": "50"},
)

allocations = sa.Table(
    "allocations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("capacity_id", sa.ForeignKey(capacities.c.id), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("held", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sold", sa.Integer, nullable=False, server_default="0"),
    sa.Column("release_at", _Time),
    sa.Column("released_at", _Time),
    sa.CheckConstraint("least(size, held, sold) >= 0", name="counters"),
    sa.CheckConstraint("released_at IS NOT NULL OR held + sold <= size", name="remaining"),
    sa.Index("allocations_release_at_idx", "release_at", postgresql_where=sa.text("released_at IS NULL")),
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("show_id", sa.ForeignKey(shows.c.id), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("price", sa.BigInteger, nullable=False),
    sa.Column("is_donation_based", sa.Boolean, nullable=False),
    sa.Column("is_vip", sa.Boolean, nullable=False),
    sa.Column("hidden", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("quantity", sa.Integer),
    sa.Column("held", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sold", sa.Integer, nullable=False, server_default="0"),
    *_sale_times(),
    sa.Column("capacity_id", sa.ForeignKey(capacities.c.id), index=True),
    sa.Column("places", sa.SmallInteger, nullable=False, server_default="1"),
    sa.CheckConstraint("price >= 0", name="price"),
    sa.CheckConstraint("held >= 0", name="held"),
    sa.CheckConstraint("sold >= 0", name="sold"),
    sa.CheckConstraint("held + sold <= quantity", name="remaining"),
    sa.CheckConstraint("quantity IS NOT NULL OR capacity_id IS NOT NULL", name="quantity"),
    sa.CheckConstraint("places > 0", name="places"),
    # Every order changes counters: free room on the page keeps the new version of a row beside the old one (HOT).
    postgresql_with={"fillfactor": "50"},
)

ticket_promo_codes = sa.Table(
    "ticket_promo_codes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("show_id", sa.ForeignKey(shows.c.id), nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("discount", sa.Numeric(5, 4), nullable=False),
    sa.Column("amount_off", sa.BigInteger),
    sa.Column("fixed_price", sa.BigInteger),
    # Ids of the show's ticket types, also of deleted ones; NULL is all of them.
    sa.Column("ticket_ids", sa.ARRAY(sa.Uuid)),
    sa.Column("opens_ticket_ids", sa.ARRAY(sa.Uuid), nullable=False, server_default="{}"),
    # Not a foreign key: the allocation may be deleted, and then opens nothing.
    sa.Column("allocation_id", sa.Uuid),
    sa.Column("counts", sa.Text, nullable=False, server_default=UseCount.ORDERS),
    sa.Column("max_uses", sa.Integer),
    sa.Column("max_per_order", sa.Integer),
    sa.Column("uses", sa.Integer, nullable=False, server_default="0"),
    sa.Column("valid_from", _Time),
    sa.Column("valid_until", _Time),
    sa.UniqueConstraint("show_id", "code"),
    sa.CheckConstraint("code = upper(code)", name="code"),
    sa.CheckConstraint("discount BETWEEN 0 AND 1", name="discount"),
    sa.CheckConstraint("num_nonnulls(nullif(discount, 0), amount_off, fixed_price) <= 1", name="reduction"),
    sa.CheckConstraint("least(amount_off, fixed_price) >= 0", name="amounts"),
    sa.CheckConstraint("max_per_order > 0", name="max_per_order"),
    _one_of("counts", UseCount),
    sa.CheckConstraint("uses >= 0", name="uses"),
)

#: Places of performance at Stripe, by the fingerprint of their address.
tax_locations = sa.Table(
    "tax_locations",
    metadata,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("location_id", sa.Text, nullable=False),
    sa.Column("created_at", _Time, nullable=False, server_default=sa.func.now()),
)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("show_id", sa.ForeignKey(shows.c.id), nullable=False),
    sa.Column("show_title", sa.Text, nullable=False),
    sa.Column("customer_name", sa.Text, nullable=False),
    sa.Column("customer_email", sa.Text, nullable=False),
    sa.Column("customer_phone", sa.Text),
    # The text in which an order is searched (domain.order_search); NULL if an earlier version placed it during the
    # update.
    sa.Column("search_key", sa.Text),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("subtotal", sa.BigInteger, nullable=False),
    sa.Column("promo_code_id", sa.ForeignKey(ticket_promo_codes.c.id)),
    sa.Column("promo_code", sa.Text),
    sa.Column("promo_code_discount", sa.BigInteger, nullable=False),
    sa.Column("platform_fees", sa.BigInteger, nullable=False),
    sa.Column("payment_processing_fees", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("fees_included", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("amount_paid", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("tax", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("tax_mode", sa.Text, nullable=False, server_default="exclusive"),
    sa.Column("venue_address", JSONB(none_as_null=True)),
    sa.Column("refunded_amount", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("disputed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_manual_order", sa.Boolean, nullable=False),
    sa.Column("manual_payment", sa.Text),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("expires_at", _Time),
    sa.Column("completed_at", _Time),
    sa.Column("stripe_account_id", sa.Text),
    sa.Column("session_id", sa.Text, unique=True),
    sa.Column("checkout_url", sa.Text),
    sa.Column("payment_intent_id", sa.Text),
    sa.Column("charge_id", sa.Text),
    sa.Column("last_payment_error", sa.Text),
    sa.Column("checked_at", _Time),
    sa.Column("idempotency_key", sa.Text, unique=True),
    sa.Column("request_fingerprint", sa.LargeBinary),
    sa.Column("doors_at", _Time),
    # When the sweeper may look at the hold again: it is being released, or could not be released.
    sa.Column("release_after", _Time),
    sa.Column("unwanted", sa.Boolean, nullable=False, server_default=sa.false()),
    # A name for each ticket, until the attendees have them. NULL if all are in the customer's name.
    sa.Column("names", sa.ARRAY(sa.Text)),
    # The tickets of an earlier order that this one replaces, and what they paid of it (domain.orders.Exchange).
    sa.Column("exchanged_from", sa.Uuid),
    sa.Column("exchanged_attendees", sa.ARRAY(sa.Uuid)),
    sa.Column("credit", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("credit_tax", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("credit_fees", sa.BigInteger, nullable=False, server_default="0"),
    _one_of("status", OrderStatus),
    _one_of("manual_payment", ManualPayment),
    sa.CheckConstraint("is_manual_order = (manual_payment IS NOT NULL)", name="is_manual_order"),
    sa.CheckConstraint(
        "CASE WHEN fees_included THEN total = subtotal AND platform_fees + payment_processing_fees <= total "
        "ELSE total = subtotal + platform_fees + payment_processing_fees END",
        name="total",
    ),
    sa.CheckConstraint(
        "least(subtotal, promo_code_discount, platform_fees, payment_processing_fees, tax) >= 0", name="amounts"
    ),
    sa.CheckConstraint("refunded_amount BETWEEN 0 AND amount_paid", name="refunded_amount"),
    sa.CheckConstraint("status <> 'pending' OR expires_at IS NOT NULL", name="hold"),
    sa.Index("orders_promo_code_id_idx", "promo_code_id", postgresql_where=sa.text("promo_code_id IS NOT NULL")),
    sa.Index("orders_show_id_created_at_id_idx", "show_id", "created_at", "id"),
    # Few orders have these statuses at a time. The sweeper and the reconciler find them by these indexes.
    sa.Index("orders_holding_idx", "expires_at", postgresql_where=sa.text("status IN ('pending', 'processing')")),
    sa.Index(
        "orders_payment_intent_id_idx", "payment_intent_id", postgresql_where=sa.text("payment_intent_id IS NOT NULL")
    ),
    sa.Index("orders_customer_email_idx", sa.text("lower(customer_email)")),
    # Orders with void tickets are few: the head line of an evening looks at their attendees only.
    sa.Index(
        "orders_returned_idx",
        "show_id",
        postgresql_where=sa.text("status IN ('partially_refunded', 'refunded') OR disputed"),
    ),
)

# Which orders replace which, to find them by the earlier one: an index of the few that do.
order_exchanges = sa.Table(
    "order_exchanges",
    metadata,
    sa.Column("order_id", sa.ForeignKey(orders.c.id), primary_key=True),
    sa.Column("exchanged_from", sa.ForeignKey(orders.c.id), nullable=False, index=True),
)

# The buyers for whom an order counts because it holds tickets or was free: two rows for each order (domain.claims). The
# table is a guard, not the source of truth: it is unlogged, and lost after a crash. It has no foreign keys, to be
# cheap.
ticket_claims = sa.Table(
    "ticket_claims",
    metadata,
    sa.Column("key", sa.BigInteger, nullable=False, index=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("tickets", sa.Integer, nullable=False),
    sa.Column("is_free", sa.Boolean, nullable=False),
    sa.Column("is_network", sa.Boolean, nullable=False),
    sa.Column("ends_at", _Time, nullable=False),
    prefixes=["UNLOGGED"],
)

ticket_orders = sa.Table(
    "ticket_orders",
    metadata,
    sa.Column("order_id", sa.ForeignKey(orders.c.id), primary_key=True),
    sa.Column("line", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.ForeignKey(tickets.c.id), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("is_vip", sa.Boolean, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("price_per_ticket", sa.BigInteger, nullable=False),
    sa.Column("unit_discount", sa.BigInteger, nullable=False),
    sa.Column("donation_amount", sa.BigInteger, nullable=False),
    sa.Column("uses_promo_code", sa.Boolean, nullable=False, server_default=sa.false()),
    # No foreign key: it would need an index, or deleting an allocation would read all lines. The use case looks at the
    # lines of the tickets that could have come out of it.
    sa.Column("allocation_id", sa.Uuid),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("unit_discount BETWEEN 0 AND price_per_ticket", name="unit_discount"),
)

ticket_attendees = sa.Table(
    "ticket_attendees",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("line", sa.SmallInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("restocked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("checked_in_at", _Time),
    sa.ForeignKeyConstraint(["order_id", "line"], [ticket_orders.c.order_id, ticket_orders.c.line]),
    sa.Index("ticket_attendees_order_id_line_idx", "order_id", "line"),
    _one_of("status", AttendeeStatus),
    sa.CheckConstraint("NOT restocked OR status = 'void'", name="restocked"),
)

# Codes that admit no one any more: their tickets got another name, and another code.
replaced_codes = sa.Table(
    "replaced_codes",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("attendee_id", sa.ForeignKey(ticket_attendees.c.id), nullable=False, index=True),
    sa.Column("replaced_at", _Time, nullable=False),
)

# All admissions, and all wrong admissions by offline scanners. The ids come from the scanners.
#: A person was let in wrongly (``domain.admission.Scan.is_conflict``).
IN_CONFLICT: Final = "result NOT IN ('admitted', 'readmitted') AND direction = 'in' AND undone_at IS NULL"
scans = sa.Table(
    "scans",
    metadata,
    sa.Column("show_id", sa.ForeignKey(shows.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("attendee_id", sa.ForeignKey(ticket_attendees.c.id)),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("device_id", sa.Text, nullable=False),
    sa.Column("offline", sa.Boolean, nullable=False),
    sa.Column("scanned_at", _Time, nullable=False),
    sa.Column("received_at", _Time, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("undone_at", _Time),
    sa.Column("after_revocation", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("direction", sa.Text, nullable=False, server_default=Direction.IN),
    # A scan that came too early admitted no one, and is not kept.
    _one_of("result", [result for result in ScanResult if result not in NEVER_STORED]),
    _one_of("direction", Direction),
    sa.Index("scans_attendee_id_idx", "attendee_id"),
    # Exactly one admission, even if several scanners read the code at once.
    sa.Index(
        "scans_admission_key",
        "attendee_id",
        unique=True,
        postgresql_where=sa.text("result = 'admitted' AND undone_at IS NULL"),
    ),
    sa.Index(
        "scans_conflict_idx",
        "show_id",
        "received_at",
        "id",
        postgresql_where=sa.text(IN_CONFLICT),
    ),
)

order_notes = sa.Table(
    "order_notes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.ForeignKey(orders.c.id), nullable=False, index=True),
    sa.Column("written_at", _Time, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("for_door", sa.Boolean, nullable=False, server_default=sa.false()),
)

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.ForeignKey(orders.c.id), nullable=False),
    sa.Column("sequence", sa.SmallInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("refund_fees", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("stripe_refund_id", sa.Text, unique=True),
    sa.Column("failure_reason", sa.Text),
    sa.Column("made_at_stripe", sa.Boolean, nullable=False),
    sa.Column("through_order_id", sa.ForeignKey(orders.c.id)),
    sa.Column("fees_moved", sa.BigInteger, nullable=False, server_default="0"),
    # When its status changed last.
    sa.Column("changed_at", _Time),
    sa.UniqueConstraint("order_id", "sequence"),
    sa.CheckConstraint("amount > 0", name="amount"),
    _one_of("status", RefundStatus),
    # What went back lately.
    sa.Index("refunds_created_at_idx", "created_at"),
    sa.Index("refunds_lost_idx", "order_id", "sequence", postgresql_where=sa.text("status IN ('failed', 'canceled')")),
)

# Second payments for an order, which go back (domain/duplicate_payments.py).
duplicate_payments = sa.Table(
    "duplicate_payments",
    metadata,
    sa.Column("payment_intent_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.ForeignKey(orders.c.id), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("received_at", _Time, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("returned", sa.BigInteger, nullable=False),
    sa.Column("returns_lost", sa.SmallInteger, nullable=False),
    sa.Column("refusals", sa.SmallInteger, nullable=False),
    sa.Column("failure_reason", sa.Text),
    # The release before ``taken`` reads it. It is written for that release only.
    sa.Column("charged_back", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("taken", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("recovered", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("contested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("amount > 0", name="amount"),
    sa.CheckConstraint("returned BETWEEN 0 AND amount", name="returned"),
    sa.CheckConstraint("taken BETWEEN 0 AND amount", name="taken"),
    sa.CheckConstraint("recovered BETWEEN 0 AND amount", name="recovered"),
    _one_of("status", RefundStatus),
)

# Disputes of orders' payments; the ids are Stripe's.
disputes = sa.Table(
    "disputes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.ForeignKey(orders.c.id), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("opened_at", _Time, nullable=False),
    sa.Column("evidence_due_by", _Time),
    sa.Column("lost", sa.BigInteger, nullable=False),
    sa.Column("recovered", sa.BigInteger, nullable=False),
    sa.Column("fees_returned", sa.BigInteger, nullable=False),
    sa.Column("reversal_id", sa.Text),
    sa.Column("lost_at", _Time),
    sa.CheckConstraint("least(amount, lost, recovered, fees_returned) >= 0", name="amounts"),
    _one_of("status", DisputeStatus),
    sa.Index(
        "disputes_open_idx",
        "order_id",
        postgresql_where=sa.text(
            "status IN ('warning_needs_response', 'warning_under_review', 'needs_response', 'under_review', "
            "'appeal_needs_response', 'appeal_under_review')"
        ),
    ),
)

# One row for each show whose producer refunds all buyers; the orders themselves show the progress.
show_refunds = sa.Table(
    "show_refunds",
    metadata,
    sa.Column("show_id", sa.ForeignKey(shows.c.id), primary_key=True),
    sa.Column("refund_fees", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("requested_at", _Time, nullable=False),
    sa.Column("claimed_until", _Time, nullable=False, index=True),
)

show_refund_refusals = sa.Table(
    "show_refund_refusals",
    metadata,
    sa.Column("order_id", sa.ForeignKey(orders.c.id), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
)

# A job outlives its show: the show's id is no foreign key.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), nullable=False),
    sa.Column("show_id", sa.Uuid, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("token_id", sa.Uuid),
    sa.Column("person_id", sa.Uuid),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("terms", JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("total", sa.Integer),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("ended_at", _Time),
    sa.Column("run", sa.Uuid),
    sa.Column("file_name", sa.Text),
    sa.Column("media_type", sa.Text),
    sa.Column("file_size", sa.BigInteger),
    sa.Column("content_until", _Time),
    sa.Column("note", sa.Text, nullable=False),
    _one_of("state", JobState),
    sa.CheckConstraint("done >= 0 AND failed >= 0", name="counts"),
    sa.Index("jobs_producer_id_created_at_idx", "producer_id", "created_at", "id"),
    sa.Index("jobs_content_until_idx", "content_until", postgresql_where=sa.text("content_until IS NOT NULL")),
)

job_contents = sa.Table(
    "job_contents",
    metadata,
    sa.Column("job_id", sa.ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

job_results = sa.Table(
    "job_results",
    metadata,
    sa.Column("job_id", sa.ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("is_ok", sa.Boolean, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("order_id", sa.Uuid),
)

job_pieces = sa.Table(
    "job_pieces",
    metadata,
    sa.Column("job_id", sa.ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("run", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

payment_events = sa.Table(
    "payment_events",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("livemode", sa.Boolean, nullable=False),
    sa.Column("received_at", _Time, nullable=False),
    sa.Column("handled_at", _Time),
    sa.Column("last_error", sa.Text),
    sa.Index("payment_events_unhandled_idx", "received_at", postgresql_where=sa.text("handled_at IS NULL")),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("order_id", sa.ForeignKey(orders.c.id), index=True),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id)),
    sa.Column("due_at", _Time, nullable=False),
    sa.Column("details", JSONB, nullable=False, server_default="{}"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("sending_since", _Time),
    sa.Column("claimed_until", _Time),
    sa.Column("done_at", _Time),
    # When the relay looks at it next: when it is due, when no worker took it, or when its worker counts as dead.
    sa.Column("relay_at", _Time, nullable=False),
    _one_of("state", TaskState),
    sa.CheckConstraint("(order_id IS NULL) <> (producer_id IS NULL)", name="subject"),
    sa.Index("outbox_relay_idx", "relay_at", postgresql_where=sa.text("state = 'pending'")),
    sa.Index("outbox_dead_idx", "id", postgresql_where=sa.text("state = 'dead'")),
)

order_lookups = sa.Table(
    "order_lookups",
    metadata,
    sa.Column("address_hash", sa.LargeBinary, primary_key=True),
    sa.Column("asked_at", _Time, nullable=False, index=True),
)

persons = sa.Table(
    "persons",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    # The same for all spellings of one mailbox (domain.people.address_key).
    sa.Column("address", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
)


def _of_a_person(*, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column("person_id", sa.ForeignKey(persons.c.id, ondelete="CASCADE"), nullable=nullable, index=True)


memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), primary_key=True),
    sa.Column("person_id", sa.ForeignKey(persons.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    sa.Column("role", sa.Text, nullable=False),
    _one_of("role", Role),
)

# The daily digest that a person wants of a producer: the hour of its clock, and the next day with its moment.
digests = sa.Table(
    "digests",
    metadata,
    sa.Column("producer_id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("hour", sa.SmallInteger, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("due_at", _Time, nullable=False, index=True),
    sa.ForeignKeyConstraint(
        ["producer_id", "person_id"], [memberships.c.producer_id, memberships.c.person_id], ondelete="CASCADE"
    ),
    sa.CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
)

office_sessions = sa.Table(
    "office_sessions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _of_a_person(),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id)),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("last_seen_at", _Time, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("signed_in_by", sa.Text, nullable=False),
    _one_of("signed_in_by", SignedInBy),
)

sign_in_links = sa.Table(
    "sign_in_links",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _of_a_person(nullable=True),
    sa.Column("browser_hash", sa.LargeBinary),
    sa.Column("at_once", sa.Boolean, nullable=False),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("expires_at", _Time, nullable=False),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("invited_by", sa.Text, nullable=False),
    sa.Column("sent_at", _Time, nullable=False),
    _one_of("role", Role),
    sa.UniqueConstraint("producer_id", "address"),
)

passkeys = sa.Table(
    "passkeys",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _of_a_person(),
    sa.Column("credential_id", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("last_used_at", _Time),
)

passkey_challenges = sa.Table(
    "passkey_challenges",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("challenge", sa.LargeBinary, nullable=False),
    sa.Column("person_id", sa.ForeignKey(persons.c.id, ondelete="CASCADE"), index=True),
    sa.Column("expires_at", _Time, nullable=False),
)

# A till's evening. ``expected`` and ``counted`` are amounts by payment, ``pieces`` notes and coins by their value.
shifts = sa.Table(
    "shifts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), nullable=False),
    sa.Column("till_id", sa.Uuid, nullable=False),
    sa.Column("till", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("opened_at", _Time, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opening_cash", sa.BigInteger, nullable=False),
    sa.Column("cash_rounding", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("sellers", JSONB, nullable=False),
    sa.Column("closed_at", _Time),
    sa.Column("closed_by", sa.Text, nullable=False),
    sa.Column("expected", JSONB(none_as_null=True)),
    sa.Column("counted", JSONB(none_as_null=True)),
    sa.Column("pieces", JSONB, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.CheckConstraint("(closed_at IS NULL) = (expected IS NULL)", name="expected"),
    sa.Index("shifts_open_idx", "producer_id", "till_id", unique=True, postgresql_where=sa.text("closed_at IS NULL")),
    sa.Index("shifts_newest_idx", "producer_id", "opened_at", "id"),
)

# An order that a till sold. Its amount is the order's; the shift's figures are sums of these rows.
counter_sales = sa.Table(
    "counter_sales",
    metadata,
    sa.Column("order_id", sa.ForeignKey(orders.c.id), primary_key=True),
    sa.Column("shift_id", sa.ForeignKey(shifts.c.id), nullable=False),
    sa.Column("at", _Time, nullable=False),
    sa.Column("payment", sa.Text, nullable=False),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("given", sa.BigInteger),
    sa.Column("undone_at", _Time),
    sa.Column("undone_by", sa.Text, nullable=False),
    sa.Column("given_back", sa.BigInteger, nullable=False),
    sa.Column("rounding", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("back_rounding", sa.BigInteger, nullable=False, server_default="0"),
    _one_of("payment", CounterPayment),
    sa.CheckConstraint("given_back BETWEEN 0 AND amount", name="given_back"),
    sa.Index("counter_sales_newest_idx", "shift_id", "at", "order_id"),
)

# To which step, in minor units, a producer's new shifts round cash. Apart from producers, whom every checkout reads.
cash_roundings = sa.Table(
    "cash_roundings",
    metadata,
    sa.Column("producer_id", sa.ForeignKey(producers.c.id), primary_key=True),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.CheckConstraint("step >= 0", name="step"),
)

# Cash that was put into a till beside its sales, or taken out of it (an amount below zero). No row ever changes.
cash_movements = sa.Table(
    "cash_movements",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("shift_id", sa.ForeignKey(shifts.c.id), nullable=False),
    sa.Column("at", _Time, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("takes_back", sa.ForeignKey("cash_movements.id"), unique=True),
    sa.CheckConstraint("amount <> 0", name="amount"),
    sa.Index("cash_movements_oldest_idx", "shift_id", "at", "id"),
)


def _of_a_device() -> list[sa.Column[Any]]:
    """What a pairing says of the device that it makes. Shows are no foreign keys: a device whose shows were deleted has
    none.
    """
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("producer_id", sa.ForeignKey(producers.c.id), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("show_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.Column("paired_by", sa.Text, nullable=False),
    ]


devices = sa.Table(
    "devices",
    metadata,
    *_of_a_device(),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("paired_at", _Time, nullable=False),
    sa.Column("last_seen_at", _Time, nullable=False),
    sa.Column("revoked_at", _Time),
    _one_of("kind", DeviceKind),
    sa.Index(
        "devices_name_idx",
        "producer_id",
        sa.text("lower(name)"),
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    ),
)

# Person and devices are not foreign keys: a pairing outlives what was deleted.
pairings = sa.Table(
    "pairings",
    metadata,
    *_of_a_device(),
    sa.Column("code_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at", _Time, nullable=False),
    sa.Column("person_id", sa.Uuid),
    sa.Column("replaces", sa.Uuid),
    sa.Column("device_id", sa.Uuid),
    _one_of("kind", DeviceKind),
)

# A job outlives its order and its printer: their ids are no foreign keys.
print_jobs = sa.Table(
    "print_jobs",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("producer_id", sa.Uuid, nullable=False),
    sa.Column("printer_id", sa.Uuid, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False, index=True),
    sa.Column("attendee_ids", sa.ARRAY(sa.Uuid), nullable=False),
    sa.Column("with_order_slip", sa.Boolean, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _Time, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("leased_until", _Time),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("ended_at", _Time),
    sa.Column("problem", sa.Text, nullable=False),
    _one_of("state", PrintJobState),
    sa.Index("print_jobs_printer_id_asked_at_idx", "printer_id", "asked_at", "id"),
    sa.Index("print_jobs_open_idx", "printer_id", postgresql_where=sa.text("state IN ('waiting', 'printing')")),
)

# What reports add up, kept as sums (adapters.postgres.takings). They can be made again from the orders at any time.
_SUM_KEYS: Final = ("show_id", "at", "ticket_id", "payment", "channel", "promo_code")


def _sum_keys() -> list[sa.Column[Any]]:
    types: list[sa.types.TypeEngine[Any]] = [sa.Uuid(), _Time, sa.Uuid(), sa.Text(), sa.Text(), sa.Text()]
    return [sa.Column(name, kind, nullable=False) for name, kind in zip(_SUM_KEYS, types, strict=True)]


takings = sa.Table(
    "takings",
    metadata,
    *_sum_keys(),
    *(
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in (
            "lines",
            "orders",
            "tickets",
            "gross",
            "discounts",
            "donations",
            "fees",
            "fees_included",
            "fees_returned",
            "tax",
            "tax_included",
            "refunds",
            "disputes",
        )
    ),
    sa.PrimaryKeyConstraint(*_SUM_KEYS),
)
# What of each order that went back is in the sums.
takings_returned = sa.Table(
    "takings_returned",
    metadata,
    sa.Column("order_id", sa.Uuid, nullable=False),
    *_sum_keys(),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("lines", "fees_returned", "refunds", "disputes")),
    sa.PrimaryKeyConstraint("order_id", "at", "ticket_id"),
)
# How many attendees of each ticket type are checked in.
takings_admitted = sa.Table(
    "takings_admitted",
    metadata,
    sa.Column("ticket_id", sa.Uuid, primary_key=True),
    sa.Column("admitted", sa.BigInteger, nullable=False),
)
# The shows whose sums are complete. Reports compute the others from their orders.
takings_shows = sa.Table(
    "takings_shows",
    metadata,
    sa.Column("show_id", sa.ForeignKey(shows.c.id, ondelete="CASCADE"), primary_key=True),
)
# What the sums lack: triggers write it down in the transaction of the change, workers add it and delete the row.
takings_changes = sa.Table(
    "takings_changes",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("sold", sa.ARRAY(sa.Uuid)),
    sa.Column("changed", sa.ARRAY(sa.Uuid)),
    sa.Column("came", sa.ARRAY(sa.Uuid)),
    sa.Column("undone", sa.ARRAY(sa.Uuid)),
)
