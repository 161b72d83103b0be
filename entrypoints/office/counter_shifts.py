"""Shifts at the counter: opened, counted, and their reports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from application.counter.shifts import CloseShift, OpenShift, ReadShifts, ShiftReport
from application.ports.shifts import ShiftCursor
from domain.cash import denominations
from domain.errors import DomainError
from domain.money import Currency
from domain.shift import COUNTED, MAX_PIECES, CounterPayment, Shift, TillCount
from domain.timezones import zone_of
from entrypoints.http.csv_stream import csv_stream
from entrypoints.http.tables import Cell, Column, Kind, Table
from entrypoints.office.access import AtCounter, counter_router, inner_path
from entrypoints.office.counter import remember_seller
from entrypoints.office.counter_cash import movement_rows
from entrypoints.office.counter_desk import seller_in
from entrypoints.office.counter_room import CounterRoom, Wording
from entrypoints.office.counter_view import NAMES, paid_words, what
from entrypoints.office.forms import Form, id_in
from entrypoints.office.notices import done
from entrypoints.office.show_desk import refuse

#: Shifts on a page: a month of evenings at one till.
PAGE: Final = 30
#: The button that adds up notes and coins.
ADD_UP: Final = "sum"
_COLUMNS: Final = (
    Column("sold_at", Kind.MOMENT),
    Column("order", Kind.TEXT),
    Column("seller", Kind.TEXT),
    Column("payment", Kind.TEXT),
    Column("tickets", Kind.COUNT),
    Column("what", Kind.TEXT, 30),
    Column("amount", Kind.MONEY),
    Column("undone_at", Kind.MOMENT),
    Column("undone_by", Kind.TEXT),
    Column("given_back", Kind.MONEY),
    Column("rounding", Kind.MONEY),
    Column("back_rounding", Kind.MONEY),
)


@post("/shift")
async def open_shift(
    request: Request[Any, Any, Any],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    open_shift: NamedDependency[OpenShift],
) -> Response[Any]:
    """Open a shift; a second press finds the first one's."""
    form = await Form.read(request)
    words = await counter_room.wording(at_counter)
    seller = form.text("seller", required=True)
    cash = form.money("opening_cash", words.numbers) or 0
    way = inner_path(form["next"]) or "/office/counter"
    if form.is_good:
        try:
            await open_shift(counter_room.till(at_counter), by=seller, opening_cash=cash)
            return remember_seller(counter_room, seller, way)
        except DomainError as error:
            refuse(form, error)
    context = {**(await counter_room.opening(at_counter, None, form)), "next": way, "view": None}
    return counter_room.page(request, at_counter, "office/counter_shift_form.html", context, status_code=form.status)


@get("/shifts")
async def shifts(
    request: Request[Any, Any, Any],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
    after: FromQuery[str] = "",
) -> Response[str]:
    """The shifts, newest first."""
    words = await counter_room.wording(at_counter)
    found, cursor = await read_shifts.page(counter_room.till(at_counter), after=_cursor(after), limit=PAGE)
    following = f"{cursor.opened_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{cursor.shift_id}" if cursor else ""
    context = {"shifts": [_row(each, words) for each in found], "next": following}
    return counter_room.page(request, at_counter, "office/counter_shifts.html", context)


@get("/shifts/{shift_id:uuid}")
async def shift(
    request: Request[Any, Any, Any],
    shift_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
) -> Response[str]:
    """The report of a shift."""
    report = await read_shifts(counter_room.till(at_counter), shift_id)
    words = await counter_room.wording(at_counter)
    return counter_room.page(request, at_counter, "office/counter_shift.html", _report(report, words))


@get("/shifts/{shift_id:uuid}/csv")
async def shift_csv(
    shift_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
) -> Stream:
    """The sales of a shift, for programs."""
    report = await read_shifts(counter_room.till(at_counter), shift_id)
    words = await counter_room.wording(at_counter)
    return csv_stream(_table(report, words))


@get("/shifts/{shift_id:uuid}/close")
async def ask_close(
    request: Request[Any, Any, Any],
    shift_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
) -> Response[str]:
    """The form of the count. It does not say what is expected: who knows it, finds it."""
    till = counter_room.till(at_counter)
    report = await read_shifts(till, shift_id)
    form = Form.filled({"seller": seller_in(request, counter_room.cookies, report.shift, till)})
    return await _close_page(request, at_counter, counter_room, report.shift, form)


@post("/shifts/{shift_id:uuid}/close")
async def close(
    request: Request[Any, Any, Any],
    shift_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
    close_shift: NamedDependency[CloseShift],
) -> Response[Any]:
    """Close the shift with its count, or without one; or add up notes and coins, and close nothing."""
    till = counter_room.till(at_counter)
    form = await Form.read(request)
    report = await read_shifts(till, shift_id)
    words = await counter_room.wording(at_counter)
    if form["act"] == ADD_UP:
        return await _close_page(request, at_counter, counter_room, report.shift, form)
    try:
        count = None if form["act"] == "uncounted" else _count(form, words)
        seller, note = form.text("seller", required=True), form.text("note")
        if form.is_good:
            await close_shift(till, shift_id, count, by=seller, note=note)
            return done(f"/office/counter/shifts/{shift_id}", "shift-closed")
    except DomainError as error:
        refuse(form, error)
    return await _close_page(request, at_counter, counter_room, report.shift, form)


async def _close_page(
    request: Request[Any, Any, Any], at: AtCounter, room: CounterRoom, shift: Shift, form: Form
) -> Response[str]:
    words = await room.wording(at)
    coins = [(value, words.price(value)) for value in denominations(shift.currency)]
    labels = {"seller": "Who counts", "cash": "Cash", "card": "Card", "other": "Paid another way", "note": "Note"}
    context = {
        "shift": shift,
        "form": form,
        "coins": coins,
        "labels": {**labels, **{f"n-{value}": name for value, name in coins}},
        "opened": words.moment(shift.opened_at),
        "path": f"/office/counter/shifts/{shift.id}",
        "currency_code": shift.currency.code,
        "currency": shift.currency,
        "locale": words.place.locale,
        "counted": words.price(_pieces_together(form, shift.currency)),
    }
    return room.page(request, at, "office/counter_close.html", context, status_code=form.status)


def _pieces_together(form: Form, currency: Currency) -> int:
    """What the notes and coins make that were typed so far. It tells nothing of what is expected."""
    typed = ((value, form[f"n-{value}"].strip()) for value in denominations(currency))
    return sum(value * int(text) for value, text in typed if text.isdecimal() and len(text) <= len(str(MAX_PIECES)))


def _count(form: Form, words: Wording) -> TillCount:
    """What was counted. Raises InvalidRequest; fields that cannot be read are noted in the form."""
    values = denominations(words.currency)
    pieces = {value: form.whole(f"n-{value}", most=MAX_PIECES) or 0 for value in values}
    typed = form.money("cash", words.numbers)
    others = {
        payment: form.money(payment.value, words.numbers) or 0
        for payment in (CounterPayment.CARD, CounterPayment.OTHER)
    }
    counted = TillCount.by_pieces(pieces, others)
    made = counted.amounts[CounterPayment.CASH]
    if not counted.pieces:
        if typed is None:
            form.wrong("cash", "Please count the cash, 0 if there is none.")
        return TillCount(amounts={**others, CounterPayment.CASH: typed or 0})
    if typed is not None and typed != made:
        form.wrong("cash", f"Notes and coins make {words.price(made)}: please clear one of the two.")
    return counted


def _row(shift: Shift, words: Wording) -> dict[str, Any]:
    expected = shift.expected
    if shift.is_open:
        closed = "Open"
    elif shift.count is None:
        closed = f"{words.moment(_closed(shift))}, not counted"
    else:
        closed = words.moment(_closed(shift))
    return {
        "shift": shift,
        "opened": words.moment(shift.opened_at),
        "closed": closed,
        "expected": words.price(expected[CounterPayment.CASH]) if expected else "",
        "difference": _signed(shift.difference(CounterPayment.CASH), words),
    }


def _closed(shift: Shift) -> datetime:
    return shift.closed_at or shift.opened_at


def _signed(difference: int | None, words: Wording) -> str:
    """A difference in words: a sign alone is easily overlooked."""
    if difference is None:
        return ""
    if not difference:
        return "None"
    return f"{words.price(abs(difference))} {'too much' if difference > 0 else 'missing'}"


def _rounding_words(rounding: int, words: Wording) -> str:
    if not rounding:
        return "that made no difference"
    return f"that {'brought' if rounding > 0 else 'cost'} {words.price(abs(rounding))}"


def _report(report: ShiftReport, words: Wording) -> dict[str, Any]:
    shift, figures = report.shift, report.figures
    expected = shift.expected or shift.expects(figures, report.movements)
    count = shift.count
    balance = []
    for payment in COUNTED:
        difference = shift.difference(payment)
        counted = words.price(count.amounts[payment]) if count and payment in count.amounts else "Not counted"
        balance.append(
            (NAMES[payment], words.price(expected[payment]), counted, _signed(difference, words), bool(difference))
        )
    undone = [
        {
            "at": words.moment(sale.at),
            "words": what(sale),
            "paid": paid_words(sale.payment),
            "seller": sale.seller,
            "number": sale.number,
            "given_back": words.price(sale.handed_back),
            "undone_at": words.moment(sale.undone_at),
            "undone_by": sale.undone_by,
        }
        for sale in figures.undone
        if sale.undone_at
    ]
    return {
        "shift": shift,
        "row": _row(shift, words),
        "figures": figures,
        "by_payment": [
            (NAMES[each], figures.by_payment[each]) for each in CounterPayment if each in figures.by_payment
        ],
        "balance": balance,
        "pieces": ", ".join(
            f"{pieces} × {words.price(value)}" for value, pieces in sorted(count.pieces.items(), reverse=True)
        )
        if count
        else "",
        "undone": undone,
        "elsewhere": report.given_back_elsewhere,
        "movements": movement_rows(report, words),
        "rounding_words": _rounding_words(figures.total.rounding, words),
        "moved": report.moved,
        "price": words.price,
        "path": f"/office/counter/shifts/{shift.id}",
        "may_close": shift.is_open or shift.count is None,
    }


def _table(report: ShiftReport, words: Wording) -> Table:
    shift = report.shift
    decimal = shift.currency.to_decimal

    async def rows() -> AsyncIterator[list[Cell]]:
        for sale in reversed(report.sales):
            yield [
                sale.at,
                sale.number,
                sale.seller,
                sale.payment.value,
                sale.tickets,
                what(sale),
                decimal(sale.amount),
                sale.undone_at,
                sale.undone_by,
                decimal(sale.given_back),
                decimal(sale.rounding),
                decimal(sale.back_rounding),
            ]

    zone = zone_of(words.place.timezone)
    return Table(
        filename=f"shift-{shift.opened_at.astimezone(zone):%Y-%m-%d}",
        title="Shift",
        columns=_COLUMNS,
        rows=rows(),
        places=shift.currency.decimals,
        timezone=zone,
    )


def _cursor(text: str) -> ShiftCursor | None:
    moment, _, shift_id = text.partition("_")
    found = id_in(shift_id)
    if found is None:
        return None
    try:
        return ShiftCursor(datetime.fromisoformat(moment), found)
    except ValueError:
        return None


router = counter_router("/office/counter", open_shift, shifts, shift, shift_csv, ask_close, close)
