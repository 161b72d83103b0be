"""The counter's screen for one till, and the form that it sells with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from litestar import Request, Response
from litestar.status_codes import HTTP_200_OK

from application.checkout.box_office import QuoteAtCounter
from application.counter.sell import CounterOrder
from application.counter.till import Till
from domain.cart import Cart, CartLine
from domain.cash import rounded_cash
from domain.errors import DomainError, NoTickets
from domain.orders import Idempotency, Order
from domain.policy import MAX_TICKETS_AT_THE_COUNTER, CheckoutPolicy
from domain.shift import MAX_SELLER_LENGTH, CounterPayment, CounterSale, Shift
from entrypoints.office.access import AtCounter, OfficeCookies
from entrypoints.office.counter_room import CounterRoom
from entrypoints.office.counter_view import FEW, PAYMENTS, CounterView, SaleView, Slip, Sum, slips_of
from entrypoints.office.forms import Form, id_in
from entrypoints.office.sell import total_in
from entrypoints.office.show_desk import refuse

PRINTED: Final = "print"
HANDLINGS: Final = (
    ("in", "They are let in at once"),
    (PRINTED, "Their tickets are printed"),
    ("both", "Both"),
)
KINDS_OF_HANDLING: Final = tuple(value for value, _ in HANDLINGS)
#: Cookies: what the till does once something is sold, by which printer, and who sells.
HANDLING: Final = "till-handling"
PRINTER: Final = "till-printer"
SELLER: Final = "till-seller"
CHECK_FIRST: Final = "Please look at the total, and press Sell again."


@dataclass(frozen=True, slots=True)
class Pressed:
    """A form of the counter as it was read: the cart, how it is paid, and the cash that was given."""

    cart: Cart
    payment: CounterPayment | None
    given: int | None


class Desk:
    """The screen of one show for one till, and who sells there."""

    def __init__(self, request: Request[Any, Any, Any], at: AtCounter, room: CounterRoom, till: Till) -> None:
        self._request = request
        self._at = at
        self._room = room
        self.till = till
        self.view: CounterView
        self._sales: list[CounterSale]

    @classmethod
    async def of(cls, request: Request[Any, Any, Any], at: AtCounter, room: CounterRoom, show_id: UUID) -> Desk:
        """The desk. Raises NotFound for a show that is not the till's."""
        desk = cls(request, at, room, room.till(at))
        desk._show_id = show_id
        await desk.look_again()
        return desk

    _show_id: UUID

    async def look_again(self) -> None:
        """Read what the screen shows: after a refusal it has changed."""
        found = await self._room.read_counter(self.till, self._show_id)
        self.view = CounterView.of(found, self._room.pages.now())
        self._sales = list(found.sales)

    @property
    def can_sell(self) -> bool:
        return self.view.shift is not None and not self.view.is_forgotten

    @property
    def cash_rounding(self) -> int:
        """The step of cash sales in minor units, 0 for none."""
        return self.view.shift.cash_rounding if self.view.shift else 0

    @property
    def seller(self) -> str:
        """Who sells: as the browser remembers, if they are of this shift."""
        return seller_in(self._request, self._room.cookies, self.view.shift, self.till)

    @property
    def handling(self) -> str:
        """What is done once something is sold: as it was the last time at this till, but who buys for another day is
        not in, and takes the tickets home.
        """
        if not self.view.is_soon:
            return PRINTED
        kept = self._room.cookies.read(self._request, HANDLING)
        return kept if kept in KINDS_OF_HANDLING else HANDLINGS[0][0]

    @property
    def printer(self) -> str:
        """The printer that printed the last time at this till; "" for the browser's own."""
        return self._room.cookies.read(self._request, PRINTER)

    async def to_paper(self, form: Form, order: Order) -> str:
        """Print the order's tickets, if the form says so. Returns what the next page's address says: that a printer
        has them, or that the browser prints them.
        """
        if form["handling"] not in ("print", "both"):
            return ""
        # The form sells once, so it prints once: the job has the order's id.
        is_queued = await self._room.print(self._at, order.id, form["printer"], job_id=order.id)
        return "&printing=yes" if is_queued else "&print=yes"

    def sale(self, text: str) -> CounterSale | None:
        """The sale that an address names, if it is of this till's shift."""
        order_id = id_in(text)
        return next((each for each in self._sales if each.order_id == order_id), None)

    def render(self, template: str, context: Mapping[str, Any], status: int = HTTP_200_OK) -> Response[str]:
        return self._room.page(self._request, self._at, template, {"view": self.view, **context}, status_code=status)

    async def page(
        self,
        form: Form,
        *,
        total: Sum | None = None,
        sold: CounterSale | None = None,
        order: Order | None = None,
        undone: CounterSale | None = None,
    ) -> Response[str]:
        """The screen with a form, and what was just done."""
        view = self.view
        last = next((each.order_id for each in self._sales if not each.is_undone), None)
        is_in = order is not None and all(attendee.checked_in_at for attendee in order.attendees)
        slips: list[Slip] = []
        if order is not None and self._request.query_params.get("print"):
            slips = slips_of(order, view.details)
        context = {
            "form": form,
            "sum": total,
            "sold": SaleView.of(sold, view, is_in=is_in) if sold and not sold.is_undone else None,
            "undone": SaleView.of(undone, view) if undone and undone.is_undone else None,
            "slips": slips,
            "sales": [SaleView.of(each, view, is_last=each.order_id == last) for each in self._sales],
            "seller": self.seller,
            "payments": PAYMENTS,
            "handlings": HANDLINGS,
            "printers": await self._room.printers(self._at, self._show_id),
            "is_printing": bool(self._request.query_params.get("printing")),
            "few": FEW,
            **(await self._room.opening(self._at, view.shift)),
            "next": view.path,
        }
        return self.render("office/counter.html", context, form.status)


class Sums:
    """Reads the counter's form, and what it would cost."""

    def __init__(self, desk: Desk, form: Form, quote_at_counter: QuoteAtCounter, policy: CheckoutPolicy) -> None:
        self._desk = desk
        self.form = form
        self._quote = quote_at_counter
        self._policy = policy.at_the_counter()

    def pressed(self) -> Form:
        """The form after one of its buttons was pressed: +, −, or an amount of cash."""
        form, words = self.form, self._desk.view.words
        changed: dict[str, list[str]] = {}
        for each in self._desk.view.types:
            step = (form["add"] == str(each.ticket.id)) - (form["less"] == str(each.ticket.id))
            if step:
                typed = form[each.quantity]
                count = (int(typed) if typed.isdecimal() and len(typed) <= 3 else 0) + step
                changed[each.quantity] = [str(min(count, MAX_TICKETS_AT_THE_COUNTER)) if count > 0 else ""]
        if form["quick"].isdecimal() and len(form["quick"]) <= 12:  # below domain.money.AMOUNT_LIMIT
            changed["given"] = [words.typed_amount(int(form["quick"]))]
        form.typed = {**form.typed, **changed}
        return form

    async def read(self, *, is_asked: bool) -> Sum | None:
        """The total of what is chosen; None if nothing is, or if it cannot be sold, with the reason in the form."""
        try:
            pressed = self._read()
            if pressed is None:
                return None
            payment = pressed.payment or CounterPayment.CASH
            cart = replace(pressed.cart, promo_code=None) if payment is CounterPayment.COMP else pressed.cart
            quote = await self._quote(self._desk.till.actor, cart, payment.of_order)
        except NoTickets as error:
            if is_asked:
                self.refuse(error)
            return None
        except DomainError as error:
            self.refuse(error)
            return None
        given = pressed.given if payment is CounterPayment.CASH else None
        step = self._desk.cash_rounding if payment is CounterPayment.CASH else 0
        return Sum(quote, self._desk.view.words, given, step)

    def order(self) -> CounterOrder | None:
        """The order that the form asks for; None if it cannot be read. Raises DomainError."""
        form = self.form
        pressed = self._read()
        chosen = form.one_of("payment", [*CounterPayment])
        if pressed is None or not chosen:
            return None
        payment = CounterPayment(chosen)
        expected = total_in(form["expected_total"])
        if expected is None and payment is not CounterPayment.COMP:
            form.wrong("", CHECK_FIRST)
            return None
        if payment is CounterPayment.CASH and self._is_short(pressed.given, expected):
            form.wrong("given", "This is less than the total.")
            return None
        is_in = form["handling"] != "print"
        return CounterOrder(
            cart=pressed.cart,
            payment=payment,
            seller=self._desk.seller,
            expected_total=None if payment is CounterPayment.COMP else expected,
            given=pressed.given,
            checked_in=is_in,
            idempotency=self._key(),
        )

    def _is_short(self, given: int | None, expected: Decimal | None) -> bool:
        if given is None or expected is None:
            return False
        return given < rounded_cash(self._desk.view.currency.to_minor(expected), self._desk.cash_rounding)

    def refuse(self, error: DomainError) -> None:
        """Note a refusal beside the field of the type that it is about."""
        place = error.field or ""
        fields: dict[str, str] = {}
        for position, each in enumerate(self._desk.view.types):
            if place.startswith(f"tickets[{position}]"):
                fields[place] = each.donation if "donation" in place else each.quantity
        refuse(self.form, error, fields)

    def _key(self) -> Idempotency | None:
        form = self.form
        said = repr([(name, form.all(name)) for name in sorted(form.names()) if name not in ("_csrf_token", "act")])
        key = form["key"]
        return Idempotency(key, sha256(said.encode()).digest()) if key else None

    def _read(self) -> Pressed | None:
        form, words = self.form, self._desk.view.words
        wrong_before = len(form.errors)
        lines = []
        for position, each in enumerate(self._desk.view.types):
            count = form.whole(each.quantity, most=MAX_TICKETS_AT_THE_COUNTER) or 0
            gift = form.money(each.donation, words.numbers) if each.ticket.is_donation_based and count else None
            amount = Decimal(0) if gift is None else words.currency.to_decimal(gift)
            lines.append(CartLine(position, each.ticket.id, count, amount))
        given = form.money("given", words.numbers)
        if len(form.errors) > wrong_before:
            return None
        promo_code = form["promo_code"].strip() or None
        cart = Cart.of(self._desk.view.show.id, lines, promo_code=promo_code, policy=self._policy)
        payment = form["payment"]
        return Pressed(
            replace(cart, allocation_id=id_in(form["allocation_id"])),
            CounterPayment(payment) if payment in [*CounterPayment] else None,
            given,
        )


def seller_in(request: Request[Any, Any, Any], cookies: OfficeCookies, shift: Shift | None, till: Till) -> str:
    """Who sells: as the browser remembers, if they are of this shift; else who is signed in, or opened the shift."""
    kept = unquote(cookies.read(request, SELLER))
    if shift is None:
        return kept[:MAX_SELLER_LENGTH] or till.seller
    if kept in shift.sellers:
        return kept
    return till.seller if till.seller in shift.sellers else shift.sellers[0] if shift.sellers else shift.opened_by
