"""The office's pages about shows and runs, in every state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from playwright.async_api import expect

from domain.catalog import Producer
from domain.production import CapacityDefault, Production
from tests.browser.buyer import Buyer
from tests.browser.views import View
from tests.support.box_office import BoxOffice, OnSale
from tests.support.factories import ticket

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenschirm"
ARABIC = "ليلة في المسرح الكبير"


async def show_views(box_office: BoxOffice, url: str, by: Producer) -> list[View]:
    """The pages of one producer, whose shows have very long and right-to-left titles."""
    run = Production.planned(
        id=uuid4(),
        producer_id=by.id,
        title=f"{LONG} {ARABIC}",
        description="A play. " * 99,
        capacities=(CapacityDefault(name=LONG, size=100),),
    )
    async with box_office.unit_of_work() as uow:
        await uow.productions.add(run)
        await uow.commit()
    shows: list[OnSale] = []
    for number, title in enumerate((LONG, ARABIC, "Draft", "Off", "Past")):
        start = datetime(2050 if title != "Past" else 2020, 6, 1 + number, 19, tzinfo=UTC)
        times: dict[str, Any] = {"door_time": start, "start_time": start, "end_time": start + timedelta(hours=2)}
        seats = (ticket(name=LONG, quantity=120), ticket(name=ARABIC, price=1500, quantity=4), ticket(hidden=True))
        shows.append(
            await box_office.put_on_sale(
                *seats,
                by=by,
                title=title,
                venue=ARABIC,
                published=title != "Draft",
                cancelled=title == "Off",
                production_id=run.id,
                **times,
            )
        )
    first, _, draft, off, past = shows
    await box_office.buy(first.cart(3, 2))
    (await box_office.checkout(first.cart(1))).created()
    show, runs = f"{url}/office/shows", f"{url}/office/productions"
    return [
        View("shows", show),
        View("shows, drafts", f"{show}?tab=drafts"),
        View("shows, none found", f"{show}?q=nothing"),
        View("show", f"{show}/{first.id}?done=show-published"),
        View("show, draft", f"{show}/{draft.id}"),
        View("show, cancelled", f"{show}/{off.id}"),
        View("show, past", f"{show}/{past.id}"),
        View("show, new", f"{show}/new"),
        View("show, new, errors", f"{show}/new", _send),
        View("show, times and place", f"{show}/{first.id}/edit"),
        View("show, mails", f"{show}/{first.id}/edit", _move),
        View("show, page", f"{show}/{first.id}/page"),
        View("show, preview", f"{show}/{draft.id}/preview"),
        View("show, copy", f"{show}/{first.id}/copy"),
        View("show, cancel", f"{show}/{first.id}/cancel"),
        View("show, delete", f"{show}/{first.id}/delete"),
        View("runs", runs),
        View("run", f"{runs}/{run.id}"),
        View("run, past", f"{runs}/{run.id}?tab=past"),
        View("run, new", f"{runs}/new"),
        View("run, place and tickets", f"{runs}/{run.id}/edit"),
        View("run, text and picture", f"{runs}/{run.id}/page"),
        View("run, new shows", f"{runs}/{run.id}/shows/new", _open_all),
        View("run, new shows, listed", f"{runs}/{run.id}/shows/new?how=dates"),
        View("run, new shows, preview", f"{runs}/{run.id}/shows/new?how=dates", _list_days),
        View("run, change", f"{runs}/{run.id}/change", _open_all),
        View("run, change, preview", f"{runs}/{run.id}/change", _cancel_all),
        View("run, places", f"{runs}/{run.id}/allocation", _open_all),
        View("run, places, preview", f"{runs}/{run.id}/allocation", _keep_places),
        View("menu", f"{show}/{first.id}", _open_menu),
        View("run, delete", f"{runs}/{run.id}/delete"),
    ]


async def _send(buyer: Buyer) -> None:
    await buyer.page.locator("main form").evaluate("form => { form.noValidate = true; }")
    await buyer.page.get_by_role("button", name="Add the show").click()
    await expect(buyer.page.get_by_role("alert")).to_be_visible()


async def _move(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Venue", exact=False).first.fill("The Rose")
    await buyer.page.get_by_role("button", name="Save").click()
    await expect(buyer.page.get_by_role("heading", level=2)).to_contain_text("get a mail")


async def _open_all(buyer: Buyer) -> None:
    await buyer.page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")


async def _list_days(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Days and times").fill("2050-07-01 19:30\n2050-07-02 19:30")
    await buyer.page.get_by_role("button", name="See the shows").click()
    await expect(buyer.page.get_by_role("heading", level=2)).to_have_text("2 shows")


async def _keep_places(buyer: Buyer) -> None:
    await buyer.page.get_by_label("Name", exact=True).fill(ARABIC)
    await buyer.page.get_by_label("Places in each show").fill("4")
    await buyer.page.get_by_role("button", name="See what it would do").click()
    await expect(buyer.page.get_by_role("alert")).to_contain_text("cannot have them")


async def _open_menu(buyer: Buyer) -> None:
    await buyer.page.get_by_role("navigation", name="Office").get_by_text("More").click()
    await expect(buyer.page.get_by_role("link", name="Team")).to_be_visible()


async def _cancel_all(buyer: Buyer) -> None:
    await buyer.page.get_by_label("The shows", exact=True).select_option("cancel")
    await buyer.page.get_by_role("button", name="See what it would do").click()
    await expect(buyer.page.get_by_role("heading", level=2)).to_contain_text("shows change")
