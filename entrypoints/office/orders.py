"""The list of orders of the office, over one show or all; and who holds tickets without paying."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from litestar.status_codes import HTTP_303_SEE_OTHER

from application.catalog.shows import GetOwnShow
from application.checkout.holds import HeldBy, ListHolds, ReleaseHolds
from application.orders.lists import ListOrders, Searched, ShowChoices
from application.ports.order_lists import OrderCursor
from domain.people import Member, Right
from entrypoints.http.csv_stream import csv_stream
from entrypoints.http.paging import decode_cursor, encode_cursor
from entrypoints.http.producer.order_rows import ORDER_COLUMNS, order_row
from entrypoints.http.tables import Column, Table
from entrypoints.http.xlsx_file import xlsx_stream
from entrypoints.office.access import office_router
from entrypoints.office.forms import Form
from entrypoints.office.order_filters import DISPUTED, UNDELIVERED, ListQuery, labels, query_form, zone_of
from entrypoints.office.order_words import STATES, WAYS
from entrypoints.office.rendering import OfficePages
from entrypoints.web.page_format import PageFormat

PATH: Final = "/office/orders"
#: Orders on a page.
PAGE: Final = 50
#: What a file of the office has in addition to the API's: it may have the orders of several shows.
SHOW_COLUMNS: Final = (Column("show_id", width=38), Column("show_title", width=28))
#: Holders of tickets that are shown: the largest ones.
MOST_HOLDERS: Final = 50


@get("/")
async def orders(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_orders: NamedDependency[ListOrders],
    show_choices: NamedDependency[ShowChoices],
) -> Response[str]:
    """The orders that are looked for, newest first."""
    query, shows = ListQuery(query_form(request)), await show_choices(member.actor)
    chosen = next((show for show in shows if show.id == query.show_id), None)
    sees_all = member.may(Right.ORDERS)
    found = await list_orders.search(
        member.actor,
        query.show_id,
        only=query.orders(zone_of(shows, chosen), names_only=not sees_all),
        after=OrderCursor(*decode_cursor(query.cursor)) if query.cursor else None,
        limit=PAGE,
        searched=query.searched,
    )
    following = encode_cursor(found.next.created_at, found.next.order_id) if found.next else None
    context = {
        "query": query,
        "form": query.form,
        "found": found,
        "sees_all": sees_all,
        "rows": [(order, PageFormat(found.shows[order.show_id], order.currency)) for order in found.items],
        "next_page": query.link(PATH, after=following, **{"as": found.searched.value}) if following else "",
        "first_page": query.link(PATH, after=None) if query.cursor else "",
        "files": file_links(query, PATH, found.searched),
        "show_options": show_options(shows, member),
        "state_options": [*labels(STATES), (DISPUTED, "Disputed"), (UNDELIVERED, "A mail did not arrive")],
        "way_options": labels(WAYS),
        "states": STATES,
        "ways": WAYS,
    }
    status = query.form.status
    return office_pages.page(request, member, "office/orders.html", context, active="orders", status_code=status)


@get(f"{PATH}.csv")
async def as_csv(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    list_orders: NamedDependency[ListOrders],
    show_choices: NamedDependency[ShowChoices],
) -> Stream:
    """The same orders for programs."""
    return csv_stream(await _table(request, member, list_orders, show_choices))


@get(f"{PATH}.xlsx")
async def as_xlsx(
    request: Request[Any, Any, Any],
    member: NamedDependency[Member],
    list_orders: NamedDependency[ListOrders],
    show_choices: NamedDependency[ShowChoices],
) -> Stream:
    """The same orders for spreadsheets."""
    return xlsx_stream(await _table(request, member, list_orders, show_choices))


async def _table(
    request: Request[Any, Any, Any], member: Member, list_orders: ListOrders, show_choices: ShowChoices
) -> Table:
    query, shows = ListQuery(query_form(request)), await show_choices(member.actor)
    chosen = next((show for show in shows if show.id == query.show_id), None)
    export = await list_orders.export(
        member.actor,
        query.show_id,
        only=query.orders(zone_of(shows, chosen), names_only=False),
        searched=query.searched or Searched.WORDS,
    )
    return Table(
        filename=f"orders-{export.show.id}" if query.show_id else "orders",
        title="Orders",
        columns=(*ORDER_COLUMNS, *SHOW_COLUMNS),
        rows=((*order_row(each), str(each.show_id), each.show_title) async for each in export.items),
        places=export.currency.places,
        timezone=export.show.zone,
    )


def show_options(shows: Any, member: Member) -> list[tuple[str, str]]:
    """Options of the select of shows, with their times."""
    formats = [(show, PageFormat(show, member.producer.currency)) for show in shows]
    named = [
        (str(show.id), f"{show.title}, {words.short_day(show.start_time)}, {words.clock(show.start_there)}")
        for show, words in formats
    ]
    return [("", "All shows"), *named]


def file_links(query: ListQuery, path: str, searched: Searched) -> list[tuple[str, str]]:
    """The addresses of the files that have what the page has, all of it."""
    return [(name, query.link(f"{path}.{name}", after=None, **{"as": searched.value})) for name in ("xlsx", "csv")]


@get("/{show_id:uuid}")
async def holds(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    office_pages: NamedDependency[OfficePages],
    list_holds: NamedDependency[ListHolds],
    get_own_show: NamedDependency[GetOwnShow],
) -> Response[str]:
    """Who holds tickets of a show without paying, by address or by network; the largest holders first."""
    show = (await get_own_show(member.actor, show_id)).show
    by = HeldBy.NETWORK if request.query_params.get("by") == HeldBy.NETWORK else HeldBy.EMAIL
    found, more = await list_holds(member.actor, show_id, by=by, after=None, limit=MOST_HOLDERS)
    context = {
        "show": show,
        "words": PageFormat(show, member.producer.currency),
        "by": by,
        "holders": found,
        "has_more": more is not None,
        "outcome": _outcome(request),
    }
    return office_pages.page(request, member, "office/holds.html", context, active="orders")


@post("/{show_id:uuid}")
async def release(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    member: NamedDependency[Member],
    release_holds: NamedDependency[ReleaseHolds],
) -> Redirect:
    """Gives the holds of one address or network back."""
    form = await Form.read(request)
    by = HeldBy.NETWORK if form["by"] == HeldBy.NETWORK else HeldBy.EMAIL
    address = form.text("address")
    done = await release_holds(
        member.actor,
        show_id,
        email=address if by is HeldBy.EMAIL else None,
        network=address if by is HeldBy.NETWORK else None,
    )
    counts = urlencode({"by": by.value, "released": done.released, "paid": done.paid, "left": done.left})
    return Redirect(f"/office/holds/{show_id}?{counts}", status_code=HTTP_303_SEE_OTHER)


def _outcome(request: Request[Any, Any, Any]) -> dict[str, int] | None:
    """What a release before this page did: numbers alone, so an address cannot put words on the page."""
    names = ("released", "paid", "left")
    counts = {name: str(request.query_params.get(name, "")) for name in names}
    if not all(text.isdecimal() and len(text) <= len(str(MOST_HOLDERS)) + 2 for text in counts.values()):
        return None
    return {name: int(text) for name, text in counts.items()}


routers = (
    office_router(PATH, orders, right=Right.VIEW),
    office_router("/", as_csv, as_xlsx, right=Right.ORDERS),
    office_router("/office/holds", holds, release, right=Right.ORDERS),
)
