"""Every page of the storefront, in every possible state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from playwright.async_api import expect

from application.links import Links
from domain.catalog import Producer
from domain.orders import AttendeeStatus, Order, OrderStatus
from domain.production import Production
from domain.venue_clock import VenueTime
from tests.browser.buyer import Buyer
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import donation_ticket, order, promo_code, ticket

Step = Callable[[Buyer], Awaitable[None]]

#: When the shows of a production are: in more months than one page has.
RUN = [datetime(2050, month, 15, 18, tzinfo=UTC) for month in range(1, 6)]
OVER = [datetime(2020, 1, 15, 18, tzinfo=UTC)]
DECLINED = "Your card was declined."


@dataclass(frozen=True, slots=True)
class View:
    """A page at ``url``. ``step`` is what a buyer does there to bring it into the named state."""

    name: str
    url: str
    step: Step | None = None

    async def show(self, buyer: Buyer) -> None:
        await buyer.page.goto(self.url)
        if self.step:
            await self.step(buyer)


@dataclass(frozen=True, slots=True)
class Stage:
    """Prepares all data that the pages show. ``away`` is the address of a service whose database is gone."""

    box_office: BoxOffice
    links: Links
    away: str

    async def views(self, *, by: Producer, title: str = "Twelfth Night", **show: Any) -> list[View]:
        """The pages of one producer."""
        members = ticket(name="Members", hidden=True)
        opening = promo_code(code="MEMBER", opens_ticket_ids=frozenset({members.id}), max_per_order=1)
        on_sale = await self.box_office.put_on_sale(
            ticket(name="Stalls", is_vip=True, description="Rows 1 to 9"),
            ticket(name="Circle", quantity=0),
            ticket(name="Box", quantity=3),
            donation_ticket(name="What you like"),
            members,
            promo_codes=[opening],
            by=by,
            **{"title": title, "description": "A play.", "venue": "The Globe, London", "terms": "No refunds.", **show},
        )
        sold_out = await self.box_office.put_on_sale(ticket(quantity=0), by=by, title=f"{title}: sold out", **show)
        by_code = await self.box_office.put_on_sale(ticket(hidden=True), by=by, title=f"{title}: by code", **show)
        to_come = await self.box_office.put_on_sale(
            ticket(name="Early bird", off_sale_at=_in_days(2)),
            ticket(name="Regular", price=3000, on_sale_at=_in_days(2)),
            by=by,
            on_sale_at=_in_days(1),
            **{"title": f"{title}: to come", **show},
        )
        cancelled = await self.box_office.put_on_sale(by=by, title=f"{title}: cancelled", cancelled=True, **show)
        orders = {name: await self._stored(made) for name, made in _orders(on_sale).items()}
        called_off = await self._stored(order((cancelled.tickets[0], 2), by=by, status=OrderStatus.COMPLETED))
        run = await self._run(by, title)
        home = self.links.public_url
        chosen = f"{home}/shows/{on_sale.id}/checkout?q-{on_sale.tickets[0].id}=2"
        return [
            View("list", f"{home}/?producer={by.id}"),
            View("list, empty", f"{home}/?producer={uuid4()}"),
            View("production", f"{home}/productions/{run.id}?month=2050-01"),
            View("production, over", f"{home}/productions/{(await self._run(by, title, *OVER)).id}"),
            View("show", f"{home}/shows/{on_sale.id}"),
            View("show, tickets chosen", f"{home}/shows/{on_sale.id}", _choose),
            View("show, wrong code", f"{home}/shows/{on_sale.id}", _try_a_code),
            View("show, good code", f"{home}/shows/{on_sale.id}?code=member", _choose),
            View("show, by code alone", f"{home}/shows/{by_code.id}?code=nonsense"),
            View("show, sold out", f"{home}/shows/{sold_out.id}"),
            View("show, sale to come", f"{home}/shows/{to_come.id}"),
            View("show, cancelled", f"{home}/shows/{cancelled.id}"),
            View("show, nothing chosen", f"{home}/shows/{on_sale.id}/checkout"),
            View("widget", f"{home}/shows/{on_sale.id}/widget"),
            View("form", chosen),
            View("form, tickets open", chosen, _open_tickets),
            View("form, errors", chosen, _send_nonsense),
            View("pay", self.links.pay_page(orders["pending"])),
            *(View(f"order, {name}", self.links.order_page(made)) for name, made in orders.items()),
            View("order, being confirmed", self.links.order_page(orders["pending"]), _as_back_from_paying),
            View("order, code shown", self.links.order_page(orders["completed"]), _show_code),
            View("order, show cancelled", self.links.order_page(called_off)),
            View("lookup", f"{home}/orders"),
            View("lookup, error", f"{home}/orders", _look_up_nonsense),
            View("lookup, sent", f"{home}/orders?sent=true"),
            *await self._exchange_views(on_sale),
            View("developers", f"{home}/developers"),
            View("developers, one found", f"{home}/developers", _find_operation),
            View("developers, operation", f"{home}/developers/add_promo_code"),
            View("developers, tried", f"{home}/developers/list_own_shows", _try_without_token),
            View("developers, file", f"{home}/developers/set_logo"),
            View("developers, errors", f"{home}/developers/errors"),
            View("not found", f"{home}/nothing"),
            View("unavailable", f"{self.away}/"),
        ]

    async def _exchange_views(self, on_sale: OnSale) -> list[View]:
        """The steps of an exchange, and the pages of an order whose names may be changed."""
        stalls = on_sale.tickets[0]
        lasting = {"renames_until_hours": 1, "exchanges_until_hours": 1}
        await self.box_office.change_show(on_sale, **lasting)
        paid = replace(order((stalls, 2), by=on_sale.producer, status=OrderStatus.COMPLETED), amount_paid=5484)
        made = await self._stored(paid)
        own = self.links.order_page(made)
        page = own.replace("?", "/exchange?")
        chosen = f"{page}&show={on_sale.id}"
        cost = f"{chosen}&sent=1&ticket={on_sale.tickets[2].id}&a={made.attendees[0].id}"
        return [
            View("order, another person", own, _open_rename),
            View("order, wrong name", own, _rename_wrongly),
            View("exchange, dates", page),
            View("exchange, tickets", chosen),
            View("exchange, nothing chosen", f"{chosen}&sent=1"),
            View("exchange, its cost", cost),
        ]

    async def _run(self, by: Producer, title: str, *starts: datetime) -> Production:
        """A production with a show in every state on one day, and one in each of the next months."""
        production = Production.planned(
            id=uuid4(), producer_id=by.id, title=title, description="A play. " * 100, venue="The Globe, London"
        )
        async with self.box_office.unit_of_work() as uow:
            await uow.productions.add(production)
            await uow.commit()
        common: dict[str, Any] = {"by": by, "production_id": production.id, "venue": "The Rose"}
        for start in starts or RUN:
            times: dict[str, Any] = {"door_time": start, "start_time": start, "end_time": start + timedelta(hours=2)}
            await self.box_office.put_on_sale(ticket(), **times, **common, title=f"{title}: an evening")
        for number, seats in enumerate([(ticket(quantity=0),), (ticket(quantity=2),), (ticket(),)] * (not starts)):
            start = RUN[0] + timedelta(hours=number)
            times = {"door_time": start, "start_time": start, "end_time": start + timedelta(hours=2)}
            await self.box_office.put_on_sale(*seats, **times, **common, title=title, cancelled=number > 1)
        return production

    async def _stored(self, made: Order) -> Order:
        [stored] = await self.box_office.store(made)
        return stored


def _orders(on_sale: OnSale) -> dict[str, Order]:
    """An order at every point of its life, by the name of its page's state."""
    stalls, _, box, *_ = on_sale.tickets
    now = datetime.now(UTC)

    def placed(status: OrderStatus, **fields: Any) -> Order:
        held: dict[str, Any] = {"created_at": now, "expires_at": now + timedelta(minutes=30)}
        return order((stalls, 2), (box, 1), by=on_sale.producer, status=status, **held, **fields)

    def bought(**fields: Any) -> Order:
        paid = placed(OrderStatus.COMPLETED)
        return replace(paid, amount_paid=paid.quote.total, **fields)

    checked_in = bought()
    return {
        "pending": placed(OrderStatus.PENDING),
        "declined": placed(OrderStatus.PENDING, last_payment_error=DECLINED),
        "processing": placed(OrderStatus.PROCESSING),
        "completed": bought(tax=321),
        "checked in": checked_in.checked_in(checked_in.attendees[0].id, now),
        "partially refunded": _void(bought(status=OrderStatus.PARTIALLY_REFUNDED, refunded_amount=2650), 1),
        "refunded": _void(bought(status=OrderStatus.REFUNDED, refunded_amount=8211), 3),
        "no longer valid": _void(bought(disputed=True), 3),
        "expired": placed(OrderStatus.EXPIRED),
        "cancelled": placed(OrderStatus.CANCELLED),
        "payment failed": placed(OrderStatus.PAYMENT_FAILED),
    }


def _in_days(days: int) -> VenueTime:
    return VenueTime.at(datetime.now(UTC) + timedelta(days=days), "UTC")


def _void(made: Order, count: int) -> Order:
    """The order, with its first ``count`` tickets void."""
    void = (replace(attendee, status=AttendeeStatus.VOID) for attendee in made.attendees[:count])
    return replace(made, attendees=(*void, *made.attendees[count:]))


async def _choose(buyer: Buyer) -> None:
    await buyer.choose("Stalls", 2)
    await expect(buyer.page.locator("#total .sum")).to_be_visible()


async def _try_a_code(buyer: Buyer) -> None:
    await buyer.choose("Stalls", 1)
    await buyer.page.get_by_label("Promo code").fill("nonsense")
    await expect(buyer.page.locator("#total .error")).to_be_visible()


async def _open_tickets(buyer: Buyer) -> None:
    await buyer.page.get_by_text("Change tickets").click()


async def _send_nonsense(buyer: Buyer) -> None:
    await buyer.fill_in(name="1", email="x@y")
    await buyer.page.locator("form[method=post]").evaluate("form => { form.noValidate = true; }")
    await buyer.pay_button.click()
    await expect(buyer.page.get_by_role("alert")).to_be_visible()


async def _as_back_from_paying(buyer: Buyer) -> None:
    order_id = buyer.order_id
    await buyer.page.context.add_cookies([{"name": "paid-order", "value": order_id.hex, "url": f"{buyer.url}/shows"}])
    await buyer.page.reload()
    await buyer.sees("Your payment is being confirmed")


async def _show_code(buyer: Buyer) -> None:
    await buyer.page.locator("summary").first.click()


async def _look_up_nonsense(buyer: Buyer) -> None:
    await buyer.page.get_by_label("E-mail").fill("x@y")
    await buyer.page.locator("form[method=post]").evaluate("form => { form.noValidate = true; }")
    await buyer.page.get_by_role("button").click()
    await expect(buyer.page.locator("#email-error")).to_be_visible()


async def _find_operation(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Find an operation").fill("refund preview")
    await expect(buyer.page.get_by_text("1 found")).to_be_visible()


async def _try_without_token(buyer: Buyer) -> None:
    await buyer.page.get_by_role("button", name="Send").click()
    await expect(buyer.page.get_by_role("heading", name="401")).to_be_visible()


async def _open_rename(buyer: Buyer) -> None:
    await buyer.page.get_by_text("Another person is coming").first.click()


async def _rename_wrongly(buyer: Buyer) -> None:
    await _open_rename(buyer)
    await buyer.page.get_by_label("Their name").first.fill("R2-D2")
    await buyer.page.get_by_role("button", name="Change the name").first.click()
    await expect(buyer.page.get_by_role("alert")).to_be_visible()
