"""Cash in and out of a till beside its sales: written down, and taken back by its opposite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID, uuid4

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from application.counter.cash import CashAsked, MoveCash
from application.counter.shifts import ReadShifts, ShiftReport
from application.errors import IdempotencyKeyReused
from application.ports.unit_of_work import StorageConflict
from domain.errors import DomainError
from domain.shift import MAX_REASON_LENGTH, MAX_SELLER_LENGTH, CashMovement
from domain.timezones import zone_of
from entrypoints.http.csv_stream import csv_stream
from entrypoints.http.tables import Cell, Column, Kind, Table
from entrypoints.office.access import AtCounter, counter_router
from entrypoints.office.counter_desk import seller_in
from entrypoints.office.counter_room import CounterRoom, Wording
from entrypoints.office.forms import Form, key_in
from entrypoints.office.notices import done
from entrypoints.office.show_desk import refuse

IN: Final = "in"
OUT: Final = "out"
DIRECTIONS: Final = (
    (IN, "Cash in", "change from the office, and what else the till gets"),
    (OUT, "Cash out", "what goes to the bank or the safe, and petty cash"),
)
#: What is most often the reason: suggested, never asked for.
REASONS: Final = ("Change", "To the bank", "To the safe", "Petty cash", "Paid an invoice", "Tip")
LABELS: Final = {"direction": "Which way", "amount": "Amount", "reason": "Reason", "seller": "Who writes it down"}
_COLUMNS: Final = (
    Column("at", Kind.MOMENT),
    Column("by", Kind.TEXT),
    Column("direction", Kind.TEXT),
    Column("amount", Kind.MONEY),
    Column("reason", Kind.TEXT, 30),
    Column("movement_id", Kind.TEXT),
    Column("takes_back", Kind.TEXT),
)


@get("/shifts/{shift_id:uuid}/cash")
async def cash(
    request: Request[Any, Any, Any],
    shift_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
) -> Response[str]:
    """The form, and what was put in and taken out so far."""
    till = counter_room.till(at_counter)
    report = await read_shifts(till, shift_id)
    form = Form.filled({"seller": seller_in(request, counter_room.cookies, report.shift, till)})
    return await _page(request, at_counter, counter_room, report, form)


@post("/shifts/{shift_id:uuid}/cash")
async def move_cash(
    request: Request[Any, Any, Any],
    shift_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
    move_cash: NamedDependency[MoveCash],
) -> Response[Any]:
    """Write it down. A form that is sent twice moves cash once."""
    till = counter_room.till(at_counter)
    form = await Form.read(request)
    words = await counter_room.wording(at_counter)
    report = await read_shifts(till, shift_id)
    direction = form.one_of("direction", (IN, OUT))
    amount = form.money("amount", words.numbers, required=True)
    reason = form.text("reason", required=True, most=MAX_REASON_LENGTH)
    seller = form.text("seller", required=True, most=MAX_SELLER_LENGTH)
    if form.is_good and amount is not None:
        asked = CashAsked(
            movement_id=key_in(form["key"]),
            amount=-amount if direction == OUT else amount,
            reason=reason,
            by=seller,
        )
        try:
            await move_cash(till, shift_id, asked)
            return _done(shift_id, f"cash-{direction}")
        except IdempotencyKeyReused:
            form.typed = {**form.typed, "key": [uuid4().hex]}
            form.wrong("", "This form was sent before, with something else: look at the list, and send it again.")
        except DomainError as error:
            refuse(form, error)
        except StorageConflict:
            form.wrong("", "The till is busy: nothing was written down. Send it again.")
        report = await read_shifts(till, shift_id)
    return await _page(request, at_counter, counter_room, report, form)


@post("/shifts/{shift_id:uuid}/cash/{movement_id:uuid}/back")
async def take_back(
    request: Request[Any, Any, Any],
    shift_id: FromPath[UUID],
    movement_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
    move_cash: NamedDependency[MoveCash],
) -> Response[Any]:
    """Take a wrong movement back. A second press changes nothing."""
    till = counter_room.till(at_counter)
    report = await read_shifts(till, shift_id)
    seller = seller_in(request, counter_room.cookies, report.shift, till)
    form = Form.filled({"seller": seller})
    try:
        await move_cash.take_back(till, shift_id, movement_id, opposite_id=uuid4(), by=seller)
        return _done(shift_id, "cash-back")
    except DomainError as error:
        refuse(form, error)
    return await _page(request, at_counter, counter_room, await read_shifts(till, shift_id), form)


@get("/shifts/{shift_id:uuid}/cash/csv")
async def cash_csv(
    shift_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    read_shifts: NamedDependency[ReadShifts],
) -> Stream:
    """The movements of a shift, for programs. Their amounts add up to what they changed."""
    report = await read_shifts(counter_room.till(at_counter), shift_id)
    words = await counter_room.wording(at_counter)
    return csv_stream(_table(report, words))


def movement_rows(report: ShiftReport, words: Wording) -> list[dict[str, Any]]:
    """The movements of a shift as its pages show them, oldest first."""
    wrong = {each.takes_back for each in report.movements}

    def row(each: CashMovement) -> dict[str, Any]:
        is_back, is_wrong = each.takes_back is not None, each.id in wrong
        return {
            "id": each.id,
            "at": words.moment(each.at),
            "by": each.by,
            "direction": "Cash out" if each.is_out else "Cash in",
            "amount": words.price(abs(each.amount)),
            "is_out": each.is_out,
            "reason": each.reason,
            "is_wrong": is_wrong,
            "is_back": is_back,
            "may_be_taken_back": report.shift.is_open and not is_back and not is_wrong,
        }

    return [row(each) for each in report.movements]


def _done(shift_id: UUID, key: str) -> Redirect:
    return done(f"/office/counter/shifts/{shift_id}/cash", key)


async def _page(
    request: Request[Any, Any, Any], at: AtCounter, room: CounterRoom, report: ShiftReport, form: Form
) -> Response[str]:
    words = await room.wording(at)
    context = {
        "shift": report.shift,
        "form": form,
        "labels": LABELS,
        "directions": DIRECTIONS,
        "reasons": REASONS,
        "most_reason": MAX_REASON_LENGTH,
        "movements": movement_rows(report, words),
        "moved": report.moved,
        "price": words.price,
        "opened": words.moment(report.shift.opened_at),
        "path": f"/office/counter/shifts/{report.shift.id}",
        "currency_code": report.shift.currency.code,
    }
    return room.page(request, at, "office/counter_cash.html", context, status_code=form.status)


def _table(report: ShiftReport, words: Wording) -> Table:
    shift = report.shift

    async def rows() -> AsyncIterator[list[Cell]]:
        for each in report.movements:
            yield [
                each.at,
                each.by,
                OUT if each.is_out else IN,
                shift.currency.to_decimal(each.amount),
                each.reason,
                str(each.id),
                str(each.takes_back or ""),
            ]

    zone = zone_of(words.place.timezone)
    return Table(
        filename=f"cash-{shift.opened_at.astimezone(zone):%Y-%m-%d}",
        title="Cash in and out",
        columns=_COLUMNS,
        rows=rows(),
        places=shift.currency.decimals,
        timezone=zone,
    )


router = counter_router("/office/counter", cash, move_cash, take_back, cash_csv)
