"""A shift at the counter: what one till took, from the cash that it began with to the count at its end
(docs/domain-rules.md#the-counter).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.cash import rounded_cash
from domain.errors import Conflict, InvalidRequest
from domain.evening import evening_of
from domain.money import AMOUNT_LIMIT, Currency
from domain.orders import ManualPayment, number_of

MAX_SELLER_LENGTH: Final = 60
#: People who take turns at one till.
MAX_SELLERS: Final = 20
MAX_SHIFT_NOTE_LENGTH: Final = 500
#: More pieces of one note or coin than a till holds.
MAX_PIECES: Final = 10_000
MAX_REASON_LENGTH: Final = 200
#: More often cash is not put into one till, or taken out, in one shift.
MAX_MOVEMENTS: Final = 200


class CounterPayment(StrEnum):
    """How a sale at the counter was paid. ``card`` is a terminal that PiqueTickets knows nothing of."""

    CASH = "cash"
    CARD = "card"
    OTHER = "other"
    COMP = "comp"

    @property
    def of_order(self) -> ManualPayment:
        """The payment of the order: a card is another way of paying, as far as orders are concerned."""
        return ManualPayment.OTHER if self is CounterPayment.CARD else ManualPayment(self.value)


#: The payments of which a till has something to count.
COUNTED: Final = (CounterPayment.CASH, CounterPayment.CARD, CounterPayment.OTHER)
#: Amounts in minor units by payment.
Amounts = Mapping[CounterPayment, int]


@dataclass(frozen=True, slots=True)
class SoldLine:
    """Tickets of one type in a sale, and what they cost together, in minor units."""

    name: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSale:
    """A sale of a shift: an order that a till sold. Amounts are in minor units.

    ``seller`` is the person who stood at the till. ``given`` is the cash that the buyer handed over, None where the
    seller typed none. ``given_back`` is what an undone sale gave back. ``lines`` are those of the order.

    Where cash is rounded, ``rounding`` is how much more was taken than ``amount``, and ``back_rounding`` how much more
    went back than ``given_back``; less than zero for less.
    """

    order_id: UUID
    shift_id: UUID
    show_id: UUID
    at: datetime
    payment: CounterPayment
    seller: str
    amount: int
    given: int | None = None
    undone_at: datetime | None = None
    undone_by: str = ""
    given_back: int = 0
    rounding: int = 0
    back_rounding: int = 0
    lines: tuple[SoldLine, ...] = ()

    @property
    def number(self) -> str:
        """The order's number."""
        return number_of(self.order_id)

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None

    @property
    def tickets(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def change(self) -> int | None:
        """What goes back of the cash that was handed over; None where that is not known."""
        return None if self.given is None else self.given - self.taken

    @property
    def taken(self) -> int:
        """What the buyer paid, in coins that there are."""
        return self.amount + self.rounding

    @property
    def handed_back(self) -> int:
        """What an undone sale gave back, in coins that there are."""
        return self.given_back + self.back_rounding

    def rounded(self, step: int) -> CounterSale:
        """The sale as it is taken where cash is rounded to ``step``."""
        return replace(self, rounding=_more(self.amount, step) if self.payment is CounterPayment.CASH else 0)

    def undone(self, *, by: str, at: datetime, given_back: int, step: int = 0) -> CounterSale:
        """The sale after it was undone, and ``given_back``, in cash rounded to ``step``, went back to the buyer.

        Raises Conflict if it was undone before.
        """
        if self.is_undone:
            raise Conflict("This sale was undone before")
        back = _more(given_back, step) if self.payment is CounterPayment.CASH else 0
        return replace(self, undone_at=at, undone_by=by, given_back=given_back, back_rounding=back)


def _more(amount: int, step: int) -> int:
    return rounded_cash(amount, step) - amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CashMovement:
    """Cash that was put into a till or taken out of it beside its sales: change, what goes to the bank, petty cash.

    ``amount`` is in minor units, less than zero for what was taken out. ``by`` is the person at the till. None is ever
    changed: ``takes_back`` is one that was wrong, of which this one is the opposite. Raises InvalidRequest.
    """

    id: UUID
    shift_id: UUID
    at: datetime
    by: str
    amount: int
    reason: str
    takes_back: UUID | None = None

    def __post_init__(self) -> None:
        if not 0 < abs(self.amount) < AMOUNT_LIMIT:
            raise InvalidRequest("Please write an amount above zero", field="amount")
        if not (1 <= len(self.reason) <= MAX_REASON_LENGTH and self.reason.isprintable()):
            raise InvalidRequest(f"A reason has 1 to {MAX_REASON_LENGTH} characters", field="reason")

    @property
    def is_out(self) -> bool:
        return self.amount < 0

    def opposite(self, movement_id: UUID, *, by: str, at: datetime) -> CashMovement:
        """The movement that takes this one back. Raises Conflict if it takes one back itself."""
        if self.takes_back is not None:
            raise Conflict("This takes another movement back: write the cash down once more instead")
        return CashMovement(
            id=movement_id,
            shift_id=self.shift_id,
            at=at,
            by=by,
            amount=-self.amount,
            reason=self.reason,
            takes_back=self.id,
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """Cash movements together, in minor units; those that were taken back, and what took them back, are left out."""

    cash_in: int = 0
    cash_out: int = 0

    @property
    def net(self) -> int:
        """What they add to the till."""
        return self.cash_in - self.cash_out

    @classmethod
    def of(cls, movements: Iterable[CashMovement]) -> Moved:
        every = list(movements)
        wrong = {each.takes_back for each in every} - {None}
        valid = [each.amount for each in every if each.takes_back is None and each.id not in wrong]
        return cls(sum(each for each in valid if each > 0), -sum(each for each in valid if each < 0))


@dataclass(frozen=True, slots=True)
class Sums:
    """Sales together: those that stand with their tickets, and what was taken and given back, in minor units, as the
    orders have it. ``rounding`` is how much more cash that left in the till.
    """

    sales: int = 0
    tickets: int = 0
    taken: int = 0
    undone: int = 0
    given_back: int = 0
    rounding: int = 0

    @property
    def kept(self) -> int:
        """What is left of what was taken."""
        return self.taken - self.given_back

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.sales + other.sales,
            self.tickets + other.tickets,
            self.taken + other.taken,
            self.undone + other.undone,
            self.given_back + other.given_back,
            self.rounding + other.rounding,
        )

    @classmethod
    def of(cls, sale: CounterSale) -> Sums:
        if sale.is_undone:
            rounding = sale.rounding - sale.back_rounding
            return cls(taken=sale.amount, undone=1, given_back=sale.given_back, rounding=rounding)
        return cls(sales=1, tickets=sale.tickets, taken=sale.amount, rounding=sale.rounding)


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """The sums of a shift's sales. ``by_type`` has tickets and money of the sales that stand, by ticket type."""

    total: Sums
    by_payment: Mapping[CounterPayment, Sums]
    by_seller: Mapping[str, Sums]
    by_type: Mapping[str, tuple[int, int]]
    undone: tuple[CounterSale, ...]

    @classmethod
    def of(cls, sales: Iterable[CounterSale]) -> ShiftFigures:
        total = Sums()
        by_payment: dict[CounterPayment, Sums] = defaultdict(Sums)
        by_seller: dict[str, Sums] = defaultdict(Sums)
        tickets: Counter[str] = Counter()
        money: Counter[str] = Counter()
        undone: list[CounterSale] = []
        for sale in sales:
            sums = Sums.of(sale)
            total += sums
            by_payment[sale.payment] += sums
            by_seller[sale.seller] += sums
            if sale.is_undone:
                undone.append(sale)
                continue
            for line in sale.lines:
                tickets[line.name] += line.quantity
                money[line.name] += line.amount
        by_type = {name: (tickets[name], money[name]) for name in tickets}
        return cls(total, dict(by_payment), dict(by_seller), by_type, tuple(undone))

    def of_payment(self, payment: CounterPayment) -> Sums:
        """The sums of one payment, nothing where there was no sale."""
        return self.by_payment.get(payment, Sums())


@dataclass(frozen=True, slots=True, kw_only=True)
class TillCount:
    """What was counted at the end of a shift, in minor units by payment. ``pieces`` are notes and coins by their value,
    where the cash was counted by them.
    """

    amounts: Amounts
    pieces: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for payment, amount in self.amounts.items():
            if payment not in COUNTED or not 0 <= amount < AMOUNT_LIMIT:
                raise InvalidRequest("Please count an amount of zero or more", field=payment.value)
        if any(value <= 0 or not 0 <= pieces <= MAX_PIECES for value, pieces in self.pieces.items()):
            raise InvalidRequest(f"Please count at most {MAX_PIECES} pieces of each", field="pieces")

    @classmethod
    def by_pieces(cls, pieces: Mapping[int, int], others: Amounts) -> TillCount:
        """A count whose cash is the sum of notes and coins. Raises InvalidRequest."""
        counted = {value: count for value, count in pieces.items() if count}
        cash = sum(value * count for value, count in counted.items())
        return cls(amounts={**others, CounterPayment.CASH: cash}, pieces=counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A till from its opening to its count. ``till_id`` is the device, or the person who sells at the office's page.

    ``opening_cash`` is what lay in the till at the beginning, in minor units. ``sellers`` are the people who sold or
    may sell, in the order in which they came. ``cash_rounding`` is the step of cash sales in minor units, 0 for none.
    ``expected`` is what should have been there at the end; ``count`` is None while the shift is open, and afterwards if
    it was closed without a count.
    """

    id: UUID
    producer_id: UUID
    till_id: UUID
    till: str
    currency: Currency
    opened_at: datetime
    opened_by: str
    opening_cash: int = 0
    cash_rounding: int = 0
    sellers: tuple[str, ...] = ()
    closed_at: datetime | None = None
    closed_by: str = ""
    expected: Amounts | None = None
    count: TillCount | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.opening_cash < AMOUNT_LIMIT or self.opening_cash % self.currency.step:
            raise InvalidRequest("The cash at the beginning is an amount of zero or more", field="opening_cash")

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def is_forgotten(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether it is still open although its evening is over."""
        return self.is_open and self.opened_at < evening_of(now, zone)[0]

    def ensure_open(self) -> None:
        """Raises Conflict."""
        if not self.is_open:
            raise Conflict("This shift was closed: nothing can be sold, undone or moved in it any more")

    def with_seller(self, name: str) -> Shift:
        """The shift with one more person at the till. Raises InvalidRequest, Conflict."""
        self.ensure_open()
        if name in self.sellers:
            return self
        if len(self.sellers) >= MAX_SELLERS:
            raise InvalidRequest(f"At most {MAX_SELLERS} people sell in a shift", field="seller")
        return replace(self, sellers=(*self.sellers, name))

    def expects(self, figures: ShiftFigures, movements: Iterable[CashMovement] = ()) -> Amounts:
        """What should be in the till, and on the other accounts, after these sales and movements of cash."""
        kept = {payment: figures.of_payment(payment).kept for payment in COUNTED}
        rounding = figures.of_payment(CounterPayment.CASH).rounding
        cash = kept[CounterPayment.CASH] + rounding + self.opening_cash + Moved.of(movements).net
        return {**kept, CounterPayment.CASH: cash}

    def ensure_moves(
        self, movement: CashMovement, sales: Iterable[CounterSale], movements: Sequence[CashMovement]
    ) -> None:
        """Raises Conflict if the shift is closed or has too many movements, InvalidRequest for an amount that the
        currency does not have, or for more cash than should be in the till. What takes another back is never too much.
        """
        self.ensure_open()
        if movement.takes_back is not None:
            return
        if movement.amount % self.currency.step:
            raise InvalidRequest("There is no such amount in this currency", field="amount")
        if len(movements) >= MAX_MOVEMENTS:
            raise Conflict(f"At most {MAX_MOVEMENTS} times cash is put in or taken out in a shift")
        if movement.is_out and self.expects(ShiftFigures.of(sales), movements)[CounterPayment.CASH] < -movement.amount:
            raise InvalidRequest(
                "There should not be so much cash in the till: if there is, write down first what was put in",
                field="amount",
            )

    def closed(
        self,
        sales: Sequence[CounterSale],
        count: TillCount | None,
        *,
        by: str,
        at: datetime,
        note: str = "",
        movements: Sequence[CashMovement] = (),
    ) -> Shift:
        """The shift after its end. One that was closed without a count may be counted later; then its end stays.

        Raises Conflict if it was counted before, InvalidRequest for a note that is too long.
        """
        if not self.is_open and (self.count is not None or count is None):
            raise Conflict("This shift was closed before")
        if len(note) > MAX_SHIFT_NOTE_LENGTH:
            raise InvalidRequest(f"A note has at most {MAX_SHIFT_NOTE_LENGTH} characters", field="note")
        return replace(
            self,
            closed_at=self.closed_at or at,
            closed_by=by if count is not None else self.closed_by or by,
            expected=self.expects(ShiftFigures.of(sales), movements),
            count=count,
            note=note or self.note,
        )

    def difference(self, payment: CounterPayment) -> int | None:
        """How much more was counted than expected, less than zero if something is missing; None without a count."""
        if self.count is None or self.expected is None or payment not in self.count.amounts:
            return None
        return self.count.amounts[payment] - self.expected.get(payment, 0)


def parse_reason(text: str) -> str:
    """Why cash was moved, on one line."""
    return " ".join(text.split())


def parse_seller(text: str) -> str:
    """The name of a person at the till. Raises InvalidRequest."""
    name = " ".join(text.split())
    if not (1 <= len(name) <= MAX_SELLER_LENGTH and name.isprintable()):
        raise InvalidRequest(f"A name has 1 to {MAX_SELLER_LENGTH} characters", field="seller")
    return name
