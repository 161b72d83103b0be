"""The box office sells: a manual order, with or without a customer, from the public sale or out of an allocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from application.checkout.box_office import QuoteAtCounter, SellAtCounter
from application.checkout.place_orders import CheckoutRequest
from application.errors import Busy, CheckoutInProgress
from application.orders.details import GetOrder
from domain.capacity import Allocation
from domain.cart import Cart, CartLine
from domain.catalog import Ticket
from domain.customer import Customer
from domain.errors import DomainError, NotFound
from domain.money import AMOUNT_LIMIT
from domain.offering import PriceChanged
from domain.orders import Idempotency, ManualPayment, Order
from domain.people import Member, Right
from domain.policy import MAX_TICKETS_AT_THE_COUNTER, CheckoutPolicy
from domain.pricing import Quote
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form, id_in
from entrypoints.office.show_desk import ShowDesk, ShowDesks, refuse

PAYMENTS: Final = (
    (ManualPayment.CASH.value, "Cash", ""),
    (ManualPayment.OTHER.value, "Another way", "A card reader, a bank transfer, an invoice."),
    (ManualPayment.COMP.value, "Complimentary", "It costs nothing."),
)
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer_name": "Name",
        "email": "E-mail address",
        "phone": "Phone number",
        "payment": "Paid",
        "allocation_id": "Places",
        "promo_code": "Promo code",
    }
)
FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {"customer.name": "customer_name", "customer.email": "email", "customer.phone": "phone"}
)


@dataclass(frozen=True, slots=True)
class SoldType:
    """A ticket type in the form: the names of its fields, and how many are left."""

    ticket: Ticket
    left: int

    @property
    def quantity(self) -> str:
        return f"q-{self.ticket.id}"

    @property
    def names(self) -> str:
        return f"n-{self.ticket.id}"

    @property
    def donation(self) -> str:
        return f"d-{self.ticket.id}"


@get("/{show_id:uuid}/sell")
async def sell_page(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    get_order: NamedDependency[GetOrder],
    sold: FromQuery[str] = "",
) -> Response[str]:
    """The form, and below it the order that was just placed."""
    desk = await show_desks(request, member, show_id, "sell")
    order = await _sold(get_order, show_id, sold)
    return await _page(desk, Form.filled({"payment": ManualPayment.CASH}), order)


@post("/{show_id:uuid}/sell")
async def sell(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    show_desks: NamedDependency[ShowDesks],
    quote_at_counter: NamedDependency[QuoteAtCounter],
    sell_at_counter: NamedDependency[SellAtCounter],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[Any]:
    """Place the order, once its total was seen. A form that is sent twice places one."""
    desk = await show_desks(request, member, show_id, "sell")
    form = await Form.read(request)
    payment = form.one_of("payment", [*ManualPayment])
    total: Quote | None = None
    try:
        asked = _request(form, desk, policy)
        if form.is_good and asked:
            paid = ManualPayment(payment)
            if form["act"] != "total" and (asked.expected_total is not None or paid is ManualPayment.COMP):
                order = await sell_at_counter(member.actor, asked, paid)
                return Redirect(f"{desk.path('/sell')}?sold={order.id}", status_code=HTTP_303_SEE_OTHER)
            total = await quote_at_counter(member.actor, asked.cart, paid)
            if form["act"] != "total":
                form.wrong("", f"The total is {desk.words.price(total.total)}. To place the order, press once more.")
    except PriceChanged as error:
        total = error.quote
        form.wrong("", f"The total is {desk.words.price(total.total)} now. To place the order, press once more.")
    except DomainError as error:
        _refuse(form, desk, error)
    except (Busy, CheckoutInProgress) as error:
        form.wrong("", f"{error}.")
    return await _page(desk, form, None, total)


def types_of(desk: ShowDesk) -> list[SoldType]:
    """The show's ticket types, hidden ones too."""
    return [SoldType(ticket, desk.details.remaining(ticket)) for ticket in desk.details.tickets]


def allocation_choices(allocations: Sequence[Allocation]) -> list[tuple[str, str]]:
    """The public sale, and the allocations that have places."""
    kept = [each for each in allocations if not each.is_released]
    return [
        ("", "The public sale"),
        *((str(each.id), f"{each.name} ({each.remaining:,} places left)") for each in kept),
    ]


async def _page(desk: ShowDesk, form: Form, sold: Order | None, total: Quote | None = None) -> Response[str]:
    allocations = await desk.allocations()
    types = types_of(desk)
    labels = {each.quantity: each.ticket.name for each in types} | {each.names: each.ticket.name for each in types}
    context = {
        "types": types,
        "labels": {**LABELS, **labels},
        "payments": PAYMENTS,
        "allocations": allocation_choices(allocations),
        "sold": sold,
        "total": total,
        "expected": desk.words.currency.to_decimal(total.total) if total else "",
    }
    return desk.render("office/sell.html", context, form=form)


async def _sold(get_order: GetOrder, show_id: UUID, text: str) -> Order | None:
    """The order that was just placed. The show is the member's: its orders are, too."""
    order_id = id_in(text)
    if order_id is None:
        return None
    with suppress(NotFound):
        order = (await get_order(order_id)).order
        return order if order.show_id == show_id and order.is_manual_order else None
    return None


def _request(form: Form, desk: ShowDesk, policy: CheckoutPolicy) -> CheckoutRequest | None:
    """The order as it was typed. Raises DomainError; fields that cannot be read are noted in the form."""
    lines = [_line(form, desk, position, each) for position, each in enumerate(types_of(desk))]
    customer = Customer.parse_guest(name=form["customer_name"], email=form["email"], phone=form["phone"])
    if not form.is_good:
        return None
    cart = Cart.of(desk.show.id, lines, promo_code=form["promo_code"].strip() or None, policy=policy.at_the_counter())
    key = form["key"]
    said = repr([(name, form.all(name)) for name in sorted(form.names()) if name not in ("_csrf_token", "act")])
    return CheckoutRequest(
        cart=replace(cart, allocation_id=id_in(form["allocation_id"])),
        customer=customer,
        expected_total=None if form["payment"] == ManualPayment.COMP else total_in(form["expected_total"]),
        idempotency=Idempotency(f"office {key}", sha256(said.encode()).digest()) if key else None,
        checked_in=form.checked("checked_in"),
    )


def total_in(text: str) -> Decimal | None:
    """The total that a form carries in the currency's main unit; None if it has none, or something else."""
    try:
        found = Decimal(text.strip()) if text.strip() else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and 0 <= found < AMOUNT_LIMIT else None


def _line(form: Form, desk: ShowDesk, position: int, sold: SoldType) -> CartLine:
    quantity = form.whole(sold.quantity, most=MAX_TICKETS_AT_THE_COUNTER) or 0
    donation = form.money(sold.donation, desk.words.numbers) if sold.ticket.is_donation_based else None
    amount = Decimal(0) if donation is None else desk.words.currency.to_decimal(donation)
    line = CartLine(position, sold.ticket.id, quantity, amount)
    typed = [name.strip() for name in form[sold.names].splitlines()]
    while typed and not typed[-1]:
        typed.pop()
    return line.named(typed) if typed else line


def _refuse(form: Form, desk: ShowDesk, error: DomainError) -> None:
    """Note a refusal beside the field of the line that it is about."""
    place = error.field or ""
    fields = dict(FIELDS)
    for position, each in enumerate(types_of(desk)):
        if place.startswith(f"tickets[{position}]"):
            ending = place.partition(".")[2]
            fields[place] = (
                each.names if ending.startswith("names") else each.donation if "donation" in ending else each.quantity
            )
    refuse(form, error, fields)


router = office_router("/office/shows", sell_page, sell, right=Right.ORDERS)
