"""The counter: three acts a sale. Members with the right sell there, and tills that were paired.

Every button works without a script: it asks the server, which answers with the whole page.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid4

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_304_NOT_MODIFIED

from application.checkout.box_office import QuoteAtCounter
from application.counter.sell import SellAtTill, UndoSale
from application.counter.shifts import NameSeller
from application.counter.till import NoShift, ShiftForgotten
from application.errors import Busy, IdempotencyKeyReused, TicketsInUse
from application.orders.details import GetOrder
from application.ports.unit_of_work import StorageConflict
from domain.errors import DomainError
from domain.offering import PriceChanged
from domain.orders import Order
from domain.policy import CheckoutPolicy
from domain.shift import CounterSale
from entrypoints.office.access import QUIET, AtCounter, counter_router, inner_path
from entrypoints.office.counter_desk import CHECK_FIRST, HANDLING, KINDS_OF_HANDLING, PRINTER, SELLER, Desk, Sums
from entrypoints.office.counter_room import CounterRoom
from entrypoints.office.counter_view import SaleView, slips_of, when
from entrypoints.office.forms import Form, id_in
from entrypoints.office.show_desk import refuse

_A_YEAR: Final = 365 * 24 * 60 * 60


@get("/")
async def choose(
    request: Request[Any, Any, Any],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    choose: FromQuery[str] = "",
) -> Response[Any]:
    """Today's show at once, if there is one; else the shows to choose from."""
    tonight = await counter_room.tonight(at_counter)
    if len(tonight) == 1 and not choose:
        return Redirect(f"/office/counter/{tonight[0].id}", status_code=HTTP_303_SEE_OTHER)
    coming = await counter_room.coming(at_counter)
    now = counter_room.pages.now()

    def listed(shows: Any) -> list[dict[str, Any]]:
        return [{"show": show, "when": when(show, now)} for show in shows]

    known = {show.id for show in tonight}
    lists = [("Today", listed(tonight)), ("Other shows", listed(each for each in coming if each.id not in known))]
    return counter_room.page(request, at_counter, "office/counter_choose.html", {"lists": lists})


@get("/{show_id:uuid}")
async def screen(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    get_order: NamedDependency[GetOrder],
    sold: FromQuery[str] = "",
    undone: FromQuery[str] = "",
) -> Response[str]:
    """The one screen: what is left, the form, the last sales."""
    desk = await Desk.of(request, at_counter, counter_room, show_id)
    found = desk.sale(sold)
    order = (await get_order(found.order_id)).order if found else None
    taken_back = desk.sale(undone)
    form = Form.filled({"handling": desk.handling, "printer": desk.printer})
    return await desk.page(form, sold=found, order=order, undone=taken_back)


@get("/{show_id:uuid}/live", opt={QUIET: True})
async def live(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
) -> Response[str]:
    """The figures that change by themselves, or 304 if they are those that the page shows."""
    part = await counter_room.live(at_counter, show_id)
    headers = {"ETag": part.etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == part.etag:
        return Response("", status_code=HTTP_304_NOT_MODIFIED, media_type=MediaType.HTML, headers=headers)
    return Response(part.text, status_code=HTTP_200_OK, media_type=MediaType.HTML, headers=headers)


@post("/{show_id:uuid}")
async def sell(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    quote_at_counter: NamedDependency[QuoteAtCounter],
    sell_at_till: NamedDependency[SellAtTill],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[Any]:
    """Sell, or show the total after a press of any other button. A form that is sent twice sells once."""
    desk = await Desk.of(request, at_counter, counter_room, show_id)
    form = await Form.read(request)
    sums = Sums(desk, form, quote_at_counter, policy)
    if not desk.can_sell:
        form.wrong("", "Open a shift first: nothing was sold.")
        return await desk.page(form)
    if form["act"] != "sell":
        return await desk.page(sums.pressed(), total=await sums.read(is_asked=False))
    order = await _sold(desk, sums, sell_at_till)
    if order is None:
        return await desk.page(form, total=await sums.read(is_asked=False))
    handling = form["handling"] if form["handling"] in KINDS_OF_HANDLING else desk.handling
    answer = Redirect(
        f"{desk.view.path}?sold={order.id}{await desk.to_paper(form, order)}", status_code=HTTP_303_SEE_OTHER
    )
    if desk.view.is_soon:
        answer.set_cookie(counter_room.cookies.make(HANDLING, handling, _A_YEAR))
    answer.set_cookie(counter_room.cookies.make(PRINTER, str(id_in(form["printer"]) or ""), _A_YEAR))
    return answer


@post("/{show_id:uuid}/total")
async def total(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    quote_at_counter: NamedDependency[QuoteAtCounter],
    policy: NamedDependency[CheckoutPolicy],
) -> Response[Any]:
    """What the form would cost, for the script."""
    desk = await Desk.of(request, at_counter, counter_room, show_id)
    form = await Form.read(request)
    found = await Sums(desk, form, quote_at_counter, policy).read(is_asked=True)
    answer = {
        "total": found.total if found else "",
        "expected": found.expected if found else "",
        "in_cash": found.in_cash if found else "",
        "error": next(iter(form.errors.values()), ""),
    }
    return Response(answer, status_code=HTTP_200_OK)


@get("/{show_id:uuid}/undo/{order_id:uuid}")
async def ask_undo(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    order_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    undo_sale: NamedDependency[UndoSale],
) -> Response[str]:
    """The question before a sale is undone."""
    desk = await Desk.of(request, at_counter, counter_room, show_id)
    return _undo_page(desk, await undo_sale.look(desk.till, order_id), Form())


@post("/{show_id:uuid}/undo/{order_id:uuid}")
async def undo(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    order_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    undo_sale: NamedDependency[UndoSale],
) -> Response[Any]:
    """Undo it. A second press changes nothing."""
    desk = await Desk.of(request, at_counter, counter_room, show_id)
    try:
        await undo_sale(desk.till, order_id, by=desk.seller)
    except DomainError as error:
        form = Form()
        refuse(form, error)
        return _undo_page(desk, await undo_sale.look(desk.till, order_id), form)
    return Redirect(f"{desk.view.path}?undone={order_id}", status_code=HTTP_303_SEE_OTHER)


@get("/{show_id:uuid}/tickets/{order_id:uuid}")
async def tickets(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    order_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    undo_sale: NamedDependency[UndoSale],
    get_order: NamedDependency[GetOrder],
) -> Response[str]:
    """The tickets of a sale, for paper of 80 mm."""
    desk = await Desk.of(request, at_counter, counter_room, show_id)
    sale = await undo_sale.look(desk.till, order_id)
    order = (await get_order(sale.order_id)).order
    details = desk.view.details if sale.show_id == show_id else await counter_room.details(desk.till, sale.show_id)
    printers = [each for each in await counter_room.printers(at_counter, sale.show_id) if each[0]]
    context = {
        "slips": slips_of(order, details),
        "number": order.number,
        "back": desk.view.path,
        "printers": printers,
        "is_printing": bool(request.query_params.get("printing")),
    }
    return counter_room.page(request, at_counter, "office/counter_tickets.html", context)


@post("/{show_id:uuid}/tickets/{order_id:uuid}")
async def print_again(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    order_id: FromPath[UUID],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    undo_sale: NamedDependency[UndoSale],
) -> Response[Any]:
    """Print the tickets once more, at a paired printer. A second press prints no second time."""
    desk = await Desk.of(request, at_counter, counter_room, show_id)
    sale = await undo_sale.look(desk.till, order_id)
    form = await Form.read(request)
    is_queued = await counter_room.print(at_counter, sale.order_id, form["printer"], job_id=id_in(form["key"]))
    told = "?printing=yes" if is_queued else ""
    return Redirect(f"{desk.view.path}/tickets/{order_id}{told}", status_code=HTTP_303_SEE_OTHER)


@post("/seller")
async def seller(
    request: Request[Any, Any, Any],
    at_counter: NamedDependency[AtCounter],
    counter_room: NamedDependency[CounterRoom],
    name_seller: NamedDependency[NameSeller],
) -> Response[Any]:
    """Another person sells from now on."""
    form = await Form.read(request)
    way = inner_path(form["next"]) or "/office/counter"
    try:
        name = await name_seller(counter_room.till(at_counter), form["seller"])
    except (NoShift, DomainError):
        return Redirect(way, status_code=HTTP_303_SEE_OTHER)
    return remember_seller(counter_room, name, way)


def remember_seller(room: CounterRoom, name: str, way: str) -> Redirect:
    """The way on, for a browser that remembers who sells."""
    answer = Redirect(way, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(room.cookies.make(SELLER, quote(" ".join(name.split()), safe=""), _A_YEAR))
    return answer


async def _sold(desk: Desk, sums: Sums, sell_at_till: SellAtTill) -> Order | None:
    """The order that the form sold; None if it was refused, with the reason in the form."""
    form = sums.form
    try:
        asked = sums.order()
        if asked is None or not form.is_good:
            return None
        return await sell_at_till(desk.till, asked)
    except IdempotencyKeyReused:
        form.typed = {**form.typed, "key": [uuid4().hex]}
        form.wrong("", "This form has sold something else already: look at the last sales. To sell this, press Sell.")
    except PriceChanged as error:
        form.wrong("", f"The total is {desk.view.words.price(error.quote.total)} now. {CHECK_FIRST}")
    except (NoShift, ShiftForgotten) as error:
        form.wrong("", f"{error}. Nothing was sold.")
    except DomainError as error:
        sums.refuse(error)
    except (Busy, TicketsInUse, StorageConflict):
        form.wrong("", "The show is very busy: nothing was sold. Press Sell again.")
    await desk.look_again()
    return None


def _undo_page(desk: Desk, sale: CounterSale, form: Form) -> Response[str]:
    context = {"sale": SaleView.of(sale, desk.view), "back": desk.view.path, "form": form}
    return desk.render("office/counter_undo.html", context, form.status)


router = counter_router(
    "/office/counter", choose, screen, live, sell, total, ask_undo, undo, tickets, print_again, seller
)
