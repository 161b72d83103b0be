"""Request and answer bodies of the producer API. A PATCH changes only the fields that are given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar, cast
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.catalog.promo_codes import PromoCodeInCurrency
from application.counter.cash import CashRounding
from application.ports.catalog import ShowDetails
from application.ports.show_refunds import RefundProgress
from domain import venue_clock
from domain.catalog import Producer, Show, ShowFields, Ticket
from domain.fees import FeeBearer, all_in_price, producer_share
from domain.money import Currency
from domain.policy import CheckoutPolicy
from domain.promotions import MAX_NAMED_TICKETS, PromoCodeFields, UseCount
from domain.sale_period import SellsUntil
from domain.tax import TaxMode, VenueAddress
from entrypoints.http.schemas import Amount, ShowSummaryOut

VenueTime = Annotated[
    datetime,
    Meta(
        description=(
            "Without an offset it is the venue's clock. An offset must be the one that the venue's time zone has then; "
            "Z (or +00:00) is taken as a moment everywhere. A time that the clocks there skip is refused, and so is "
            "one without an offset that they show twice."
        ),
        examples=["2050-06-01T19:00:00", "2050-06-01T19:00:00-04:00"],
    ),
]
Price = Annotated[Decimal, Meta(description="In the producer's currency", examples=["25.00"])]


Fields = TypeVar("Fields", bound=Mapping[str, object])


class _In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of all request bodies."""


def given(body: msgspec.Struct, fields: type[Fields]) -> Fields:
    """Those of ``fields`` (a TypedDict) that the request has."""
    values = {name: getattr(body, name, UNSET) for name in fields.__annotations__}
    return cast("Fields", {name: value for name, value in values.items() if value is not UNSET})


class AccountIn(_In):
    """``email``, ``tax`` and ``fees`` stay unchanged if they are left out; without ``stripe_account_id`` nothing can be
    sold for money. Stripe is asked whether the account can take charges.

    ``tax`` applies to new orders: ``exclusive`` adds it to the prices, ``inclusive`` has it within them, ``off``
    charges none. The account owes it, and needs its tax settings at Stripe for the first two.

    ``fees`` applies to new orders: ``buyer`` adds the fees to the prices, ``producer`` has them within the prices. They
    are the same amount, but at most what the buyer pays: a ticket that costs less than its fees brings the producer
    nothing.
    """

    name: str
    email: str | None = None
    stripe_account_id: Annotated[str, Meta(pattern=r"^acct_[A-Za-z0-9_]{1,64}$")] | None = None
    tax: TaxMode | None = None
    fees: FeeBearer | None = None


class CashRoundingIn(_In):
    """``cash_rounding`` is one of the currency's steps; null does not round."""

    cash_rounding: Price | None


class CashRoundingOut(msgspec.Struct):
    """To which coins the counter rounds cash, null where it does not, and the ``steps`` that can be chosen."""

    currency: str
    cash_rounding: Amount | None
    steps: list[Amount]

    @classmethod
    def of(cls, found: CashRounding) -> CashRoundingOut:
        write = found.currency.format
        step = write(found.step) if found.step else None
        return cls(found.currency.code, step, [write(each) for each in found.steps])


class OnboardingOut(msgspec.Struct):
    """``url`` opens once, until ``expires_at``."""

    url: str
    expires_at: datetime


class VenueAddressIn(_In):
    """The address that tax is computed by: admissions are taxed where the show is performed.

    ``country`` is an ISO 3166 code of two letters, ``state`` its subdivision by ISO 3166-2 without the country. The
    United States and Canada need ``state`` and ``postal_code``.
    """

    line1: str
    city: str
    country: str
    line2: str = ""
    state: str = ""
    postal_code: str = ""

    def to_address(self) -> VenueAddress:
        """The address. Raises InvalidRequest."""
        fields = {name: text.strip() for name, text in msgspec.structs.asdict(self).items()}
        return VenueAddress(**fields | {"country": fields["country"].upper(), "state": fields["state"].upper()})


def show_fields(body: ShowIn | ShowChangesIn) -> ShowFields:
    """The fields of a show that the request has. Raises InvalidRequest."""
    fields = given(body, ShowFields)
    if isinstance(body.venue_address, VenueAddressIn):
        fields["venue_address"] = body.venue_address.to_address()
    return fields


class ShowIn(_In):
    """``timezone`` is the venue's, a name of the IANA database as in Europe/Paris, ``locale`` as in en-US.

    The public buys from ``on_sale_at`` (null: at once) until ``off_sale_at`` or, if that comes first, until the
    evening's ``doors``, ``start`` or ``end``, as ``sells_until`` says. Manual orders are not bound to that.
    Buyers may change the names on their tickets until ``renames_until_hours`` before the doors open, and exchange them
    until ``exchanges_until_hours`` before; null: never.

    ``re_entry``: who goes out may come in again. ``offline_new_codes``: scanners without a network get the key that
    tells genuine tickets that are newer than their list. Who gets hold of such a scanner can make tickets that pass at
    scanners without a network, so it is off unless you need it.
    """

    title: str
    door_time: VenueTime
    start_time: VenueTime
    end_time: VenueTime
    description: str = ""
    venue: str = ""
    venue_address: VenueAddressIn | None = None
    timezone: str = "UTC"
    locale: str = "en-US"
    terms: str = ""
    published: bool = False
    production_id: UUID | None = None
    on_sale_at: VenueTime | None = None
    off_sale_at: VenueTime | None = None
    sells_until: SellsUntil = SellsUntil.END
    renames_until_hours: int | None = None
    exchanges_until_hours: int | None = None
    re_entry: bool = False
    offline_new_codes: bool = False


class ShowChangesIn(_In):
    """``cancelled``: true stops sales for good, releases all holds, and informs the buyers.

    Times that are left out keep what the venue's clock shows, even in another ``timezone``. ``venue_address`` applies
    to orders that are placed from then on. null removes ``on_sale_at`` or ``off_sale_at``.
    """

    title: str | UnsetType = UNSET
    door_time: VenueTime | UnsetType = UNSET
    start_time: VenueTime | UnsetType = UNSET
    end_time: VenueTime | UnsetType = UNSET
    description: str | UnsetType = UNSET
    venue: str | UnsetType = UNSET
    venue_address: VenueAddressIn | UnsetType | None = UNSET
    timezone: str | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    terms: str | UnsetType = UNSET
    published: bool | UnsetType = UNSET
    cancelled: bool | UnsetType = UNSET
    production_id: UUID | UnsetType | None = UNSET
    on_sale_at: VenueTime | UnsetType | None = UNSET
    off_sale_at: VenueTime | UnsetType | None = UNSET
    sells_until: SellsUntil | UnsetType = UNSET
    renames_until_hours: int | UnsetType | None = UNSET
    exchanges_until_hours: int | UnsetType | None = UNSET
    re_entry: bool | UnsetType = UNSET
    offline_new_codes: bool | UnsetType = UNSET


class TicketIn(_In):
    """``price`` of a donation ticket is its least donation. A ticket type has its own ``quantity``, draws on a
    capacity of the show (``capacity_id``), or both; with each ticket it takes ``places`` of the capacity. Buyers find a
    ``hidden`` ticket type with a promo code that opens it, and not without. The public buys the ticket type from
    ``on_sale_at`` until ``off_sale_at``, as far as the show is on sale; null adds no limit.
    """

    name: str
    price: Price
    quantity: int | None = None
    description: str = ""
    is_donation_based: bool = False
    is_vip: bool = False
    hidden: bool = False
    capacity_id: UUID | None = None
    places: int = 1
    on_sale_at: VenueTime | None = None
    off_sale_at: VenueTime | None = None


class TicketChangesIn(_In):
    """``quantity`` cannot go below what is held and sold; null leaves the limit to the capacity. With another
    ``capacity_id`` (null: none) what is held and sold moves there, if it fits. ``places`` cannot change while tickets
    are held or sold. null removes ``on_sale_at`` or ``off_sale_at``.
    """

    name: str | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    quantity: int | UnsetType | None = UNSET
    description: str | UnsetType = UNSET
    is_donation_based: bool | UnsetType = UNSET
    is_vip: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    capacity_id: UUID | UnsetType | None = UNSET
    places: int | UnsetType = UNSET
    on_sale_at: VenueTime | UnsetType | None = UNSET
    off_sale_at: VenueTime | UnsetType | None = UNSET


class OwnTicketOut(msgspec.Struct, kw_only=True):
    """A ticket type as its producer sees it. ``remaining`` is how many the public can buy now: ``quantity`` (null: only
    a capacity limits it) - ``held`` - ``sold``, or what its capacity has left, where that is less. ``all_in_price`` is
    what one such ticket costs with all fees that its buyer pays, ``producer_share`` what the producer gets of it, both
    before a tax that is added. ``on_sale_at`` and ``off_sale_at`` are its own, null if it has none; the show's apply as
    well.
    """

    id: UUID
    show_id: UUID
    name: str
    description: str
    price: Amount
    all_in_price: Amount
    producer_share: Amount
    is_donation_based: bool
    is_vip: bool
    hidden: bool
    quantity: int | None
    capacity_id: UUID | None
    places: int
    held: int
    sold: int
    remaining: int
    sold_out: bool
    on_sale_at: datetime | None
    off_sale_at: datetime | None

    @classmethod
    def of(
        cls, ticket: Ticket, show: Show, producer: Producer, policy: CheckoutPolicy, *, remaining: int
    ) -> OwnTicketOut:
        inventory, money = ticket.inventory, producer.currency.format
        return cls(
            id=ticket.id,
            show_id=ticket.show_id,
            name=ticket.name,
            description=ticket.description,
            price=money(ticket.price),
            all_in_price=money(all_in_price(ticket.price, producer.fees, producer.currency, policy)),
            producer_share=money(producer_share(ticket.price, producer.fees, producer.currency, policy)),
            is_donation_based=ticket.is_donation_based,
            is_vip=ticket.is_vip,
            hidden=ticket.hidden,
            quantity=inventory.quantity,
            capacity_id=ticket.capacity_id,
            places=ticket.places,
            held=inventory.held,
            sold=inventory.sold,
            remaining=remaining,
            sold_out=remaining == 0,
            on_sale_at=_there(ticket.on_sale_at, show),
            off_sale_at=_there(ticket.off_sale_at, show),
        )


def _there(time: venue_clock.VenueTime | None, show: Show) -> datetime | None:
    return time.there(show.timezone) if time else None


class OwnShowOut(ShowSummaryOut, kw_only=True):
    """A show as its producer sees it, with its tickets, cheapest first. ``description`` is the show's own: buyers read
    its production's if it is empty.
    """

    published: bool
    on_sale_at: datetime | None
    off_sale_at: datetime | None
    sells_until: SellsUntil
    renames_until_hours: int | None
    exchanges_until_hours: int | None
    re_entry: bool
    offline_new_codes: bool
    tickets: list[OwnTicketOut]

    @classmethod
    def of(cls, display: ShowDetails, policy: CheckoutPolicy) -> OwnShowOut:
        show, producer = display.show, display.producer
        return cls(
            **msgspec.structs.asdict(ShowSummaryOut.of_display(display)) | {"description": show.description},
            published=show.published,
            on_sale_at=_there(show.on_sale_at, show),
            off_sale_at=_there(show.off_sale_at, show),
            sells_until=show.sells_until,
            renames_until_hours=show.renames_until_hours,
            exchanges_until_hours=show.exchanges_until_hours,
            re_entry=show.re_entry,
            offline_new_codes=show.offline_new_codes,
            tickets=[
                OwnTicketOut.of(ticket, show, producer, policy, remaining=display.remaining(ticket))
                for ticket in display.tickets
            ],
        )


class OwnShowListOut(msgspec.Struct):
    items: list[OwnShowOut]
    next_cursor: str | None


Share = Annotated[Decimal, Meta(description="0.00 to 1.00, with at most 4 decimals", examples=["0.20"])]
Reduction = Annotated[Decimal, Meta(description="In the producer's currency", examples=["5.00"])]
TicketIds = Annotated[list[UUID], Meta(max_length=MAX_NAMED_TICKETS)]


class PromoCodeIn(_In):
    """At most one of ``discount`` (a share of the price), ``amount_off`` (each ticket) and ``fixed_price`` (of each
    ticket, where it is lower than its own).

    ``ticket_ids``: the ticket types that become cheaper; null means all. Donation tickets never do.
    ``opens_ticket_ids``: the hidden ticket types that buyers see and buy with the code. ``allocation_id``: an
    allocation whose places are on sale with the code, before the public's. ``max_uses`` counts orders, or the tickets
    in them that the code applies to (``counts``). ``max_per_order``: so many tickets of an order, the dearest first;
    null means all.
    """

    code: str
    discount: Share | None = None
    amount_off: Reduction | None = None
    fixed_price: Reduction | None = None
    ticket_ids: TicketIds | None = None
    opens_ticket_ids: TicketIds = []
    allocation_id: UUID | None = None
    counts: UseCount = UseCount.ORDERS
    max_uses: int | None = None
    max_per_order: int | None = None
    valid_from: VenueTime | None = None
    valid_until: VenueTime | None = None


class PromoCodeChangesIn(_In):
    """null removes a limit, or an amount. ``counts`` changes only while the code has no uses."""

    code: str | UnsetType = UNSET
    discount: Share | UnsetType | None = UNSET
    amount_off: Reduction | UnsetType | None = UNSET
    fixed_price: Reduction | UnsetType | None = UNSET
    ticket_ids: TicketIds | UnsetType | None = UNSET
    opens_ticket_ids: TicketIds | UnsetType = UNSET
    allocation_id: UUID | UnsetType | None = UNSET
    counts: UseCount | UnsetType = UNSET
    max_uses: int | UnsetType | None = UNSET
    max_per_order: int | UnsetType | None = UNSET
    valid_from: VenueTime | UnsetType | None = UNSET
    valid_until: VenueTime | UnsetType | None = UNSET


def promo_code_fields(body: PromoCodeIn | PromoCodeChangesIn) -> PromoCodeFields:
    """The fields of a promo code that the request has."""
    fields = given(body, PromoCodeFields)
    if fields.get("ticket_ids") is not None:
        fields["ticket_ids"] = frozenset(fields["ticket_ids"] or ())
    if "opens_ticket_ids" in fields:
        fields["opens_ticket_ids"] = frozenset(fields["opens_ticket_ids"])
    return fields


class PromoCodeOut(msgspec.Struct, kw_only=True):
    """``uses`` counts the orders that hold or bought tickets with it, or these tickets (``counts``)."""

    id: UUID
    show_id: UUID
    code: str
    discount: str
    amount_off: Amount | None
    fixed_price: Amount | None
    ticket_ids: list[UUID] | None
    opens_ticket_ids: list[UUID]
    allocation_id: UUID | None
    counts: UseCount
    max_uses: int | None
    max_per_order: int | None
    uses: int
    valid_from: datetime | None
    valid_until: datetime | None

    @classmethod
    def of(cls, found: PromoCodeInCurrency) -> PromoCodeOut:
        promo_code, money = found.promo_code, found.currency.format
        return cls(
            id=promo_code.id,
            show_id=promo_code.show_id,
            code=promo_code.code,
            discount=_share(promo_code.discount),
            amount_off=None if promo_code.amount_off is None else money(promo_code.amount_off),
            fixed_price=None if promo_code.fixed_price is None else money(promo_code.fixed_price),
            ticket_ids=None if promo_code.ticket_ids is None else sorted(promo_code.ticket_ids),
            opens_ticket_ids=sorted(promo_code.opens_ticket_ids),
            allocation_id=promo_code.allocation_id,
            counts=promo_code.counts,
            max_uses=promo_code.max_uses,
            max_per_order=promo_code.max_per_order,
            uses=promo_code.uses,
            valid_from=promo_code.valid_from,
            valid_until=promo_code.valid_until,
        )


def _share(discount: Decimal) -> str:
    """The share with at least two decimals, and as many more as it has."""
    plain = f"{discount.normalize():f}"
    return max(plain, f"{discount:.2f}", key=len)


class PromoCodeListOut(msgspec.Struct):
    items: list[PromoCodeOut]
    next_cursor: str | None


class RefundAllIn(_In):
    """``refund_fees``: whether the fees go back, too: to buyers who paid them on top, or to the producer where the
    prices included them. ``reason`` is stored with every refund.
    """

    refund_fees: bool = True
    reason: str = ""


class RefundFailureOut(msgspec.Struct):
    order_id: UUID
    reason: str


class RefundAllOut(msgspec.Struct, kw_only=True):
    """``total`` = ``refunded`` + ``failed`` + ``remaining`` orders. An order is refunded once Stripe has confirmed it,
    or at once if nothing was paid through Stripe. ``refunded_amount`` is what went back, or is on its way. ``failures``
    lists the first 100.
    """

    total: int
    refunded: int
    failed: int
    remaining: int
    refunded_amount: Amount
    currency: str
    failures: list[RefundFailureOut]

    @classmethod
    def of(cls, progress: RefundProgress, currency: Currency) -> RefundAllOut:
        return cls(
            total=progress.total,
            refunded=progress.refunded,
            failed=progress.failed,
            remaining=progress.remaining,
            refunded_amount=currency.format(progress.refunded_amount),
            currency=currency.code,
            failures=[RefundFailureOut(failure.order_id, failure.reason) for failure in progress.failures],
        )
